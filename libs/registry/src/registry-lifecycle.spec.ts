import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RedisConnection } from '@parley/redis';
import type { Registry } from './registry.js';
import { RegistryLifecycle } from './registry.module.js';
import { SelfRegistration } from './self-registration.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const done: string[] = [];
  const redis = { answer: (): Promise<void> => Promise.resolve() };
  const main = new EventEmitter();
  const registry = {
    register: ({ state }: { state: string }) => {
      done.push(state);
      return redis.answer();
    },
    deregister: () => {
      done.push('left');
      return redis.answer();
    },
    close: async () => void done.push('registry closed'),
  } as unknown as Registry;
  const self = new SelfRegistration(
    registry,
    { instanceId: 'a', service: 'logic', address: '', version: '1', startedAt: 1 },
    { heartbeatIntervalMs: 1_000 },
  );
  const lifecycle = new RegistryLifecycle(registry, self, {
    main: main as unknown as RedisConnection,
    close: () => void done.push('connections closed'),
  });
  return { done, redis, main, self, lifecycle };
}

describe('RegistryLifecycle', () => {
  it('renews at once when Redis is back, what has been announced', async () => {
    const { done, redis, main, self } = setUp();
    main.emit('ready');
    expect(done).toEqual([]);
    await self.announce('ready');
    main.emit('ready');
    expect(done).toEqual(['ready', 'ready']);
    redis.answer = () => Promise.reject(new Error('away again'));
    main.emit('ready');
    await vi.advanceTimersByTimeAsync(0);
    expect(done).toHaveLength(3);
  });

  // Its farewell had not been heard yet: the lease that it was given after that sent callers to nobody for six seconds.
  it('does not bring back who has left', async () => {
    const { done, main, self } = setUp();
    await self.announce('draining');
    await self.leave();
    main.emit('ready');
    expect(done).toEqual(['draining', 'left']);
  });

  it('leaves when the app shuts down, before it closes anything', async () => {
    const { done, lifecycle } = setUp();
    await lifecycle.onApplicationShutdown();
    expect(done).toEqual(['left', 'registry closed', 'connections closed']);
  });

  it.each([
    ['does not answer', () => new Promise<void>(() => undefined), 500],
    ['refuses', () => Promise.reject(new Error('away')), 0],
  ])('does not keep a process from ending when Redis %s', async (_, answer, waitMs) => {
    const { done, redis, lifecycle } = setUp();
    redis.answer = answer;
    const ended = lifecycle.onApplicationShutdown();
    await vi.advanceTimersByTimeAsync(Math.max(waitMs - 1, 0));
    expect(done.length).toBe(waitMs > 0 ? 1 : 3);
    await vi.advanceTimersByTimeAsync(1);
    await ended;
    expect(done).toEqual(['left', 'registry closed', 'connections closed']);
  });
});
