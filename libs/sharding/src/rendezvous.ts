import { murmurHash32, murmurHash32OfBytes } from './murmur3.js';

const utf8 = new TextEncoder();

/**
 * Picks one node for a key by highest random weight: every caller with the same set of nodes
 * picks the same one, without talking to the others.
 *
 * The property relied on: a node that leaves moves only its own keys, spread over all the rest; a
 * node that comes takes about `1 / (n + 1)` of the keys, and no key moves between the old ones.
 * Weight of a node: `murmurHash32(key, seed = murmurHash32(node))`; equal weights go by name.
 *
 * @param key - Any string.
 * @param nodes - Names in any order; a name given twice counts once.
 * @returns The owner, or `undefined` without nodes.
 * @see D. Thaler, C. Ravishankar, "Using Name-Based Mappings to Increase Hit Rates",
 *   IEEE/ACM Transactions on Networking 6(1), 1998
 */
export function rendezvous<T extends string>(key: string, nodes: readonly T[]): T | undefined {
  const keyBytes = utf8.encode(key);
  let best: Weighed<T> | undefined;
  for (const node of nodes) {
    const candidate = weigh(keyBytes, node);
    if (!best || byWeightThenName(candidate, best) < 0) best = candidate;
  }
  return best?.node;
}

/**
 * All nodes for a key, best first: the second is who takes over when the first is gone.
 *
 * @returns A new array, each name once; empty without nodes. The first is `rendezvous(key, nodes)`.
 */
export function rendezvousRank<T extends string>(key: string, nodes: readonly T[]): T[] {
  const keyBytes = utf8.encode(key);
  return [...new Set(nodes)]
    .map((node) => weigh(keyBytes, node))
    .sort(byWeightThenName)
    .map(({ node }) => node);
}

interface Weighed<T extends string> {
  node: T;
  weight: number;
}

function weigh<T extends string>(keyBytes: Uint8Array, node: T): Weighed<T> {
  return { node, weight: murmurHash32OfBytes(keyBytes, murmurHash32(node)) };
}

/** Code-unit order, not the locale's: it must be the same on every machine. */
function byWeightThenName(a: Weighed<string>, b: Weighed<string>): number {
  return b.weight - a.weight || (a.node < b.node ? -1 : a.node > b.node ? 1 : 0);
}
