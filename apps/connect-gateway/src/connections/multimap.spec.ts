import { describe, expect, it } from 'vitest';
import { Multimap } from './multimap.js';

function setUp() {
  const map = new Multimap<string, object>();
  const [a, b, c] = [{ a: 1 }, { b: 1 }, { c: 1 }];
  const seen = () => [...map.of('k')];
  return { map, a, b, c, seen };
}

describe('Multimap', () => {
  it('has the values of a key once each, in the order added, and none of another', () => {
    const { map, a, b, c, seen } = setUp();
    for (const value of [a, a, b, a, c, b]) map.add('k', value);
    expect([seen(), map.count('k')]).toEqual([[a, b, c], 3]);
    expect([[...map.of('other')], map.count('other'), [...map.keys()]]).toEqual([[], 0, ['k']]);
  });

  it('lets go of one at a time, and of the key with the last', () => {
    const { map, a, b, c, seen } = setUp();
    for (const value of [a, b, c]) map.add('k', value);
    map.delete('k', a);
    expect([seen(), map.count('k')]).toEqual([[b, c], 2]);
    map.delete('k', c);
    expect([seen(), map.count('k')]).toEqual([[b], 1]);
    map.delete('k', a);
    expect(seen()).toEqual([b]);
    map.delete('k', b);
    expect([seen(), map.count('k'), [...map.keys()]]).toEqual([[], 0, []]);
    map.delete('k', b);
    map.add('k', c);
    expect(seen()).toEqual([c]);
  });

  it('goes on with two after it was down to one', () => {
    const { map, a, b, c, seen } = setUp();
    for (const value of [a, b]) map.add('k', value);
    map.delete('k', a);
    map.add('k', c);
    expect(seen()).toEqual([b, c]);
  });

  it('is not changed while those of a key that it gave are gone through', () => {
    const { map, a, b, seen } = setUp();
    for (const value of [a, b]) map.add('k', value);
    for (const value of map.of('k')) map.delete('k', value);
    expect(seen()).toEqual([]);
  });
});
