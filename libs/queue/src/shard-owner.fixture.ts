import { onTestFinished } from 'vitest';
import { ShardOwner, type ShardOwnerOptions } from './shard-owner.js';

/** An answer of the store that is on its way until somebody lets it go. */
export interface HeldAnswer {
  readonly question: string;
  release(): void;
  fail(error: Error): void;
}

/** Leases as Redis keeps them, on the clock of the test. */
export function memoryLeases(now: () => number) {
  const owners = new Map<number, { instanceId: string; fence: number; endsAt: number }>();
  const fences = new Map<number, number>();
  const questions: string[] = [];
  const held: HeldAnswer[] = [];
  const world = {
    /** Questions that are answered only when they are let go; they have been served by then. */
    hold: (_question: string) => false,
    /** Questions that fail without being served. */
    fail: (_question: string) => false,
    /** How long a question and its answer take, milliseconds; undefined when neither takes any time. */
    travel: (): { thereMs: number; backMs: number } | undefined => undefined,
  };

  async function answer<T>(question: string, serve: () => T): Promise<T> {
    questions.push(question);
    if (world.fail(question)) throw new Error(`no answer to ${question}`);
    const travel = world.travel();
    if (travel) {
      await pause(travel.thereMs);
      const served = serve();
      await pause(travel.backMs);
      return served;
    }
    const value = serve();
    if (!world.hold(question)) return value;
    return new Promise<T>((resolve, reject) => {
      held.push({ question, release: () => resolve(value), fail: reject });
    });
  }

  const current = (shard: number) => {
    const owner = owners.get(shard);
    return owner && owner.endsAt > now() ? owner : undefined;
  };
  const store = {
    acquire: (shard: number, instanceId: string, ttlMs: number, above = 0) =>
      answer(`acquire ${shard} ${instanceId}${above ? ` above ${above}` : ''}`, () => {
        const owner = current(shard);
        if (owner && owner.instanceId !== instanceId) return 0;
        const fence =
          owner && owner.fence > above ? owner.fence : Math.max(fences.get(shard) ?? 0, above) + 1;
        fences.set(shard, fence);
        owners.set(shard, { instanceId, fence, endsAt: now() + ttlMs });
        return fence;
      }),
    release: (shard: number, instanceId: string) =>
      answer(`release ${shard} ${instanceId}`, () => {
        if (current(shard)?.instanceId === instanceId) owners.delete(shard);
      }),
  };
  const ownerOf = (shard: number) => current(shard)?.instanceId;
  /** What was asked since the last look. */
  const asked = () => questions.splice(0);
  return { store, world, held, owners, ownerOf, asked };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** An owner that ends with the test; its errors are collected. */
export function startedOwner(
  store: ReturnType<typeof memoryLeases>['store'],
  options: Partial<ShardOwnerOptions> & Pick<ShardOwnerOptions, 'now'>,
) {
  const errors: string[] = [];
  const owner = new ShardOwner(store, {
    instanceId: 'a',
    shardCount: 1,
    leaseTtlMs: 900,
    candidates: () => ['a'],
    onError: (error) => errors.push((error as Error).message),
    ...options,
  });
  // Not waited for: a test may hold what it would wait for.
  onTestFinished(() => void owner.stop());
  owner.start();
  return { owner, errors };
}
