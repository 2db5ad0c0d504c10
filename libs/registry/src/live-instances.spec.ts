import { describe, expect, it } from 'vitest';
import { liveAmong } from './live-instances.js';
import type { Instance, Registry } from './registry.js';

/** A registry whose watched list lags behind what a re-read finds. */
function lagging(watched: string[], real: string[]) {
  let list = watched;
  let refreshes = 0;
  const instances = () => list.map((instanceId) => ({ instanceId }) as Instance);
  const registry = {
    list: instances,
    refresh: async () => {
      refreshes++;
      list = real;
      return instances();
    },
  } as unknown as Registry;
  return { registry, refreshes: () => refreshes };
}

describe('liveAmong', () => {
  it('answers without a round trip when all are known', async () => {
    const { registry, refreshes } = lagging(['a', 'b'], []);
    expect([...(await liveAmong(registry, 's', ['a']))]).toEqual(['a']);
    expect(refreshes()).toBe(0);
  });

  it('re-reads before it judges an unknown one: it may have just started', async () => {
    const { registry, refreshes } = lagging(['a'], ['a', 'new']);
    expect([...(await liveAmong(registry, 's', ['new', 'dead']))]).toEqual(['new']);
    expect(refreshes()).toBe(1);
  });
});
