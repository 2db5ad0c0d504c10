import { describe, expect, it } from 'vitest';
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
});
