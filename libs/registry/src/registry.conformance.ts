import { eventually } from '@parley/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Instance, Registry } from './registry.js';

/** What a suite gives the conformance tests. */
export interface RegistryFixture {
  /** Two views of one registry, as two processes have them; the same object twice where there is only one. */
  readonly mine: Registry;
  readonly theirs: Registry;
  close(): Promise<void>;
}

/** What a test asks of the registry; anything else is as usual. */
export interface ConformanceOptions {
  readonly maxInstances?: number;
  /** Instead of {@link CONFORMANCE_LEASE_MS}: leases that no pause of the machine ends. */
  readonly leaseTtlMs?: number;
}

/** Life of a lease in these tests, milliseconds. */
export const CONFORMANCE_LEASE_MS = 400;

export function instance(instanceId: string, over: Partial<Instance> = {}): Instance {
  return {
    instanceId,
    service: 'logic',
    state: 'ready',
    address: '127.0.0.1:1',
    version: '1.0.0',
    load: 0,
    startedAt: 1,
    ...over,
  };
}

/** Names `i0` to `i<count - 1>`. */
const names = (count: number) => Array.from({ length: count }, (_, i) => `i${i}`);

export const idsOf = (instances: readonly Instance[]) => instances.map(({ instanceId }) => instanceId);

/** The behaviours that every {@link Registry} has. */
export function describeRegistry(
  name: string,
  create: (options: ConformanceOptions) => Promise<RegistryFixture>,
): void {
  const fixture = async (options: ConformanceOptions = {}) => {
    const created = await create(options);
    onTestFinished(() => created.close());
    return created;
  };

  describe(`${name} as a registry`, () => {
    it('lists nobody before the service is watched or refreshed', async () => {
      const { mine, theirs } = await fixture();
      await mine.register(instance('a'));
      expect(theirs.list('logic')).toEqual([]);
      expect(idsOf(await theirs.refresh('logic'))).toEqual(['a']);
      expect(idsOf(theirs.list('logic'))).toEqual(['a']);
    });

    it('lists who was there before the watch, whole, in the order of their ids', async () => {
      const { mine, theirs } = await fixture();
      await mine.register(instance('b', { load: 3, address: 'h:2' }));
      await mine.register(instance('a'));
      await theirs.watch('logic');
      expect(theirs.list('logic')).toEqual([instance('a'), instance('b', { load: 3, address: 'h:2' })]);
    });

    it('tells watchers of newcomers and changes of state', async () => {
      const { mine, theirs } = await fixture();
      const seen: string[] = [];
      await theirs.watch('logic', (list) =>
        seen.push(list.map(({ instanceId, state }) => `${instanceId}:${state}`).join()),
      );
      for (const state of ['starting', 'ready', 'draining'] as const) {
        await mine.register(instance('a', { state }));
        await eventually(() => expect(seen.at(-1)).toBe(`a:${state}`));
      }
    });

    it('keeps a watch fresh that follows a refresh, and a second watch of the same service', async () => {
      const { mine, theirs } = await fixture();
      // A refresh used to count as a watch: nothing was subscribed afterwards.
      await theirs.refresh('logic');
      const seen: string[][] = [[], []];
      await theirs.watch('logic', (list) => seen[0]?.push(idsOf(list).join()));
      await theirs.watch('logic', (list) => seen[1]?.push(idsOf(list).join()));
      await mine.register(instance('a'));
      await eventually(() => expect(seen.map((lists) => lists.at(-1))).toEqual(['a', 'a']), {
        timeoutMs: CONFORMANCE_LEASE_MS,
      });
    });

    it('has read the list when any of several simultaneous watches resolves', async () => {
      const { mine, theirs } = await fixture();
      await mine.register(instance('a'));
      const lists = await Promise.all(
        [1, 2].map(async () => {
          await theirs.watch('logic');
          return idsOf(theirs.list('logic'));
        }),
      );
      expect(lists).toEqual([['a'], ['a']]);
    });

    it('stops telling a watcher that was stopped', async () => {
      const { mine, theirs } = await fixture();
      let calls = 0;
      const stop = await theirs.watch('logic', () => calls++);
      stop();
      const before = calls;
      await mine.register(instance('a'));
      await eventually(() => expect(idsOf(theirs.list('logic'))).toEqual(['a']));
      expect(calls).toBe(before);
    });

    it('forgets at once who deregisters, and does not mind who was never there', async () => {
      const { mine, theirs } = await fixture();
      await theirs.watch('logic');
      await mine.register(instance('a'));
      await mine.register(instance('b'));
      await eventually(() => expect(idsOf(theirs.list('logic'))).toEqual(['a', 'b']));
      await mine.deregister('logic', 'a');
      await mine.deregister('logic', 'never');
      expect(idsOf(await theirs.refresh('logic'))).toEqual(['b']);
    });

    it('drops who does not renew the lease, keeps who does', async () => {
      const { mine, theirs } = await fixture();
      await theirs.watch('logic');
      await mine.register(instance('dead'));
      await mine.register(instance('alive'));
      const beats = setInterval(
        () => void mine.register(instance('alive')).catch(() => undefined),
        CONFORMANCE_LEASE_MS / 8,
      );
      onTestFinished(() => clearInterval(beats));
      await eventually(() => expect(idsOf(theirs.list('logic'))).toEqual(['alive', 'dead']));
      await eventually(() => expect(idsOf(theirs.list('logic'))).toEqual(['alive']), { timeoutMs: 5_000 });
    });

    it('takes instances up to the bound and refuses the next, but nobody who is registered', async () => {
      const { mine, theirs } = await fixture({ maxInstances: 3, leaseTtlMs: 60_000 });
      for (const id of names(3)) await mine.register(instance(id));
      await expect(mine.register(instance('late'))).rejects.toMatchObject({
        code: 'OVERLOADED',
        context: { service: 'logic', instanceId: 'late', maxInstances: 3 },
        cause: { message: 'the registry has 3 live instances of logic, and takes no more' },
      });
      for (const id of names(3)) await mine.register(instance(id, { load: 5 }));
      expect((await theirs.refresh('logic')).map(({ instanceId, load }) => [instanceId, load])).toEqual(
        names(3).map((id) => [id, 5]),
      );
      // Another service has a bound of its own.
      await mine.register(instance('late', { service: 'web' }));
      await mine.deregister('logic', 'i1');
      await mine.register(instance('late'));
      expect(idsOf(await theirs.refresh('logic'))).toEqual(['i0', 'i2', 'late']);
    });

    it('takes 256 instances of a service by default', async () => {
      const { mine } = await fixture({ leaseTtlMs: 60_000 });
      await Promise.all(names(256).map((id) => mine.register(instance(id))));
      await expect(mine.register(instance('late'))).rejects.toMatchObject({ code: 'OVERLOADED' });
    });

    it('does not count those whose lease has ended', async () => {
      const { mine, theirs } = await fixture({ maxInstances: 2 });
      const outcomes = await Promise.allSettled(
        ['dead', 'alive', 'late'].map((id) => mine.register(instance(id))),
      );
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
      const beats = setInterval(
        () => void mine.register(instance('alive')).catch(() => undefined),
        CONFORMANCE_LEASE_MS / 8,
      );
      onTestFinished(() => clearInterval(beats));
      await eventually(() => mine.register(instance('late')), { timeoutMs: 5_000 });
      expect(idsOf(await theirs.refresh('logic'))).toEqual(['alive', 'late']);
    });

    it('keeps services apart', async () => {
      const { mine, theirs } = await fixture();
      await mine.register(instance('a'));
      await mine.register(instance('a', { service: 'web' }));
      await mine.register(instance('w', { service: 'web' }));
      await Promise.all([theirs.watch('logic'), theirs.watch('web')]);
      await mine.deregister('web', 'a');
      await eventually(() => expect(idsOf(theirs.list('web'))).toEqual(['w']));
      expect(idsOf(theirs.list('logic'))).toEqual(['a']);
    });
  });
}
