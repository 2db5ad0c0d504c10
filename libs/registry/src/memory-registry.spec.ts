import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { MemoryRegistry } from './memory-registry.js';
import { CONFORMANCE_LEASE_MS, describeRegistry, idsOf, instance } from './registry.conformance.js';

describeRegistry('MemoryRegistry', async (options) => {
  const registry = new MemoryRegistry({ leaseTtlMs: CONFORMANCE_LEASE_MS, ...options });
  return { mine: registry, theirs: registry, close: () => registry.close() };
});

describe('MemoryRegistry', () => {
  it('judges leases by the given clock, at the exact end', async () => {
    let nowMs = 1_000;
    const registry = new MemoryRegistry({ leaseTtlMs: 100, now: () => nowMs });
    await registry.register(instance('a'));
    nowMs = 1_099;
    expect(idsOf(await registry.refresh('logic'))).toEqual(['a']);
    nowMs = 1_100;
    expect(await registry.refresh('logic')).toEqual([]);
    await registry.close();
  });

  it('tells who watches when a lease has ended, although nobody asks', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const registry = new MemoryRegistry({ leaseTtlMs: 100 });
    onTestFinished(() => registry.close());
    const heard: string[][] = [];
    await registry.watch('logic', (instances) => void heard.push(idsOf(instances)));
    await registry.register(instance('a'));
    vi.advanceTimersByTime(99);
    expect(heard).toEqual([['a']]);
    vi.advanceTimersByTime(2);
    expect(heard).toEqual([['a'], []]);
  });

  // A clock set forward ended every lease at once; set back, the dead stayed for an hour.
  it('does not mind when the clock is set', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const registry = new MemoryRegistry({ leaseTtlMs: 100 });
    onTestFinished(() => registry.close());
    await registry.register(instance('a'));
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(idsOf(await registry.refresh('logic'))).toEqual(['a']);
    vi.setSystemTime(Date.now() - 7_200_000);
    vi.advanceTimersByTime(100);
    expect(await registry.refresh('logic')).toEqual([]);
  });
});
