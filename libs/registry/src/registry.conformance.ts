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

export const idsOf = (instances: readonly Instance[]) => instances.map(({ instanceId }) => instanceId);

/** The behaviours that every {@link Registry} has. */
export function describeRegistry(name: string, create: () => Promise<RegistryFixture>): void {
  const fixture = async () => {
    const created = await create();
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
