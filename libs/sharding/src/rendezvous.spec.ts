import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rendezvous, rendezvousRank } from './index.js';

const nodeSet = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 12 });
const keys = (count: number): string[] => Array.from({ length: count }, (_, i) => `shard-${i}`);
const instances = (count: number): string[] => Array.from({ length: count }, (_, i) => `worker-${i}`);

describe('rendezvous', () => {
  it('has vectors: every version of every process must agree', () => {
    const nodes = ['a', 'b', 'c'];
    expect(keys(8).map((key) => rendezvous(key, nodes))).toEqual(['c', 'a', 'b', 'c', 'a', 'c', 'c', 'c']);
    expect(rendezvousRank('shard-0', instances(5))).toEqual([
      'worker-4',
      'worker-0',
      'worker-2',
      'worker-1',
      'worker-3',
    ]);
  });

  it('has no owner without nodes', () => {
    expect(rendezvous('key', [])).toBeUndefined();
    expect(rendezvousRank('key', [])).toEqual([]);
  });

  it('ignores order and repetition, and agrees with the rank', () => {
    fc.assert(
      fc.property(fc.string(), nodeSet, fc.infiniteStream(fc.nat()), (key, nodes, dice) => {
        const shuffled = nodes
          .map((node) => ({ node, at: dice.next().value }))
          .sort((a, b) => a.at - b.at)
          .map(({ node }) => node);
        const rank = rendezvousRank(key, nodes);
        expect(rendezvousRank(key, [...shuffled, ...nodes])).toEqual(rank);
        expect(rendezvous(key, shuffled)).toBe(rank[0]);
        expect([...rank].sort()).toEqual([...nodes].sort());
      }),
    );
  });

  it('moves only the keys of a node that leaves, each to its next in rank', () => {
    fc.assert(
      fc.property(fc.string(), nodeSet, fc.nat(), (key, nodes, pick) => {
        const gone = nodes[pick % nodes.length];
        const rest = nodes.filter((node) => node !== gone);
        const [first, second] = rendezvousRank(key, nodes);
        expect(rendezvous(key, rest)).toBe(first === gone ? second : first);
      }),
    );
  });

  it.each([1, 2, 3, 5, 10, 31])('moves at most 1/(n+1) + epsilon of the keys to a node joining %i', (n) => {
    const sample = keys(20_000);
    const before = instances(n);
    const after = instances(n + 1);
    const newcomer = after[n];
    const moved = sample.filter((key) => rendezvous(key, before) !== rendezvous(key, after));
    expect(moved.every((key) => rendezvous(key, after) === newcomer)).toBe(true);
    const share = 1 / (n + 1);
    expect(Math.abs(moved.length / sample.length - share)).toBeLessThan(0.02);
  });

  it('spreads keys evenly over nodes with look-alike names', () => {
    const nodes = instances(8);
    const counts = new Map<string | undefined, number>();
    for (const key of keys(40_000))
      counts.set(rendezvous(key, nodes), (counts.get(rendezvous(key, nodes)) ?? 0) + 1);
    for (const node of nodes)
      expect(Math.abs((counts.get(node) ?? 0) - 5_000)).toBeLessThan(6 * Math.sqrt(5_000));
  });
});
