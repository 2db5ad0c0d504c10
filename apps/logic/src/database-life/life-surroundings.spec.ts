import type { Instance, Registry } from '@parley/registry';
import { expect, it, onTestFinished, vi } from 'vitest';
import { stub } from '../testing/stub.js';
import { lifeSurroundings } from './life-surroundings.js';

const instance = (instanceId: string, state: Instance['state']) => ({ instanceId, state }) as Instance;

it('counts the other instances of logic that serve, as the registry has them now', async () => {
  const refresh = vi.fn<Registry['refresh']>(async () => [
    instance('me', 'ready'),
    instance('a', 'ready'),
    instance('b', 'draining'),
    instance('c', 'starting'),
  ]);
  const surroundings = lifeSurroundings(stub<Registry>('Registry', { refresh }), 'me');
  expect(await surroundings.othersServing()).toBe(2);
  expect(refresh.mock.calls).toEqual([['logic']]);
});

it('ends the process as a supervisor would', () => {
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  onTestFinished(() => kill.mockRestore());
  lifeSurroundings(stub<Registry>('Registry', {}), 'me').standDown();
  expect(kill.mock.calls).toEqual([[process.pid, 'SIGTERM']]);
});
