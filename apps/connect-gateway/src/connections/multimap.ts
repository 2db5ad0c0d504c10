const none: ReadonlySet<never> = new Set<never>();

/**
 * Sets of values by key, where most keys have one value: that one is kept bare, because a set of one would weigh more than
 * whatever else is kept of it.
 */
export class Multimap<K, V extends object> {
  private readonly entries = new Map<K, V | Set<V>>();

  add(key: K, value: V): void {
    const known = this.entries.get(key);
    if (known instanceof Set) known.add(value);
    else if (known === undefined) this.entries.set(key, value);
    else if (known !== value) this.entries.set(key, new Set([known, value]));
  }

  delete(key: K, value: V): void {
    const known = this.entries.get(key);
    if (known instanceof Set) {
      known.delete(value);
      const [only] = known;
      if (known.size === 1 && only) this.entries.set(key, only);
    } else if (known === value) this.entries.delete(key);
  }

  /** The values of a key; empty when there are none. Not to be kept: it may, or may not, change with the map. */
  of(key: K): ReadonlySet<V> {
    const known = this.entries.get(key);
    if (known instanceof Set) return known;
    return known === undefined ? none : new Set([known]);
  }

  /** How many values a key has. */
  count(key: K): number {
    const known = this.entries.get(key);
    if (known instanceof Set) return known.size;
    return known === undefined ? 0 : 1;
  }

  keys(): Iterable<K> {
    return this.entries.keys();
  }
}
