import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Instance, Registry } from './registry.js';
import { SelfRegistration } from './self-registration.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const SELF = { instanceId: 'a', service: 'logic', address: '', version: '1', startedAt: 7 };

function setUp() {
  const said: Instance[] = [];
  const left: string[] = [];
  const errors: unknown[] = [];
  const redis = { isAway: false };
  const answer = () => (redis.isAway ? Promise.reject(new Error('away')) : Promise.resolve());
  const registry = {
    register: (instance: Instance) => {
      said.push(instance);
      return answer();
    },
    deregister: (service: string, instanceId: string) => {
      left.push(`${service} ${instanceId}`);
      return answer();
    },
  } as Partial<Registry> as Registry;
  const self = new SelfRegistration(registry, SELF, {
    heartbeatIntervalMs: 100,
    onError: (error) => errors.push(error),
  });
  return { self, said, left, errors, redis };
}

describe('SelfRegistration', () => {
  it('says nothing until its first state is announced', async () => {
    const { self, said } = setUp();
    await vi.advanceTimersByTimeAsync(1_000);
    expect([said, self.state, self.instanceId]).toEqual([[], 'starting', 'a']);
    expect(self.isAnnounced).toBe(false);
  });

  it('announces a state at once, and renews it at each interval with the load of then', async () => {
    const { self, said } = setUp();
    let load = 3;
    self.reportLoad(() => load);
    self.setAddress('h:1');
    await self.announce('ready');
    expect(said).toEqual([{ ...SELF, address: 'h:1', state: 'ready', load: 3 }]);
    load = 4;
    await vi.advanceTimersByTimeAsync(99);
    expect(said).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(201);
    expect(said.slice(1)).toEqual(
      [1, 2, 3].map(() => ({ ...SELF, address: 'h:1', state: 'ready', load: 4 })),
    );
  });

  it('goes on with the latest state, at one pace', async () => {
    const { self, said } = setUp();
    await self.announce('ready');
    await self.announce('draining');
    expect(self.state).toBe('draining');
    said.length = 0;
    await vi.advanceTimersByTimeAsync(500);
    expect(said.map(({ state, load }) => [state, load])).toEqual([1, 2, 3, 4, 5].map(() => ['draining', 0]));
  });

  it('reports a heartbeat that fails and goes on; an announcement fails to who makes it, and is repeated', async () => {
    const { self, said, errors, redis } = setUp();
    redis.isAway = true;
    await expect(self.announce('ready')).rejects.toThrow('away');
    expect(errors).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(errors.map(String)).toEqual(['Error: away', 'Error: away']);
    redis.isAway = false;
    await vi.advanceTimersByTimeAsync(100);
    expect([said.length, errors.length, said.at(-1)?.state]).toEqual([4, 2, 'ready']);
  });

  it('renews when it is asked to', async () => {
    const { self, said, redis } = setUp();
    await self.announce('ready');
    await self.beat();
    expect(said).toHaveLength(2);
    redis.isAway = true;
    await expect(self.beat()).rejects.toThrow('away');
  });

  it('leaves, and is silent from then on, also when the registry does not hear it', async () => {
    const { self, said, left, redis } = setUp();
    await self.announce('ready');
    expect(self.isAnnounced).toBe(true);
    redis.isAway = true;
    await expect(self.leave()).rejects.toThrow('away');
    expect(left).toEqual(['logic a']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([said.length, vi.getTimerCount(), self.isAnnounced]).toEqual([1, 0, false]);
    // It may come back.
    redis.isAway = false;
    await self.announce('ready');
    await vi.advanceTimersByTimeAsync(100);
    expect(said).toHaveLength(3);
  });
});
