import { rendezvous } from '@parley/sharding';
import { describe, expect, it } from 'vitest';
import { byKey, leastLoaded, roundRobin } from './pickers.js';
import { idsOf, instance } from './registry.conformance.js';

const [a, b, c] = ['a', 'b', 'c'].map((id) => instance(id)) as [
  ReturnType<typeof instance>,
  ReturnType<typeof instance>,
  ReturnType<typeof instance>,
];

describe('roundRobin', () => {
  it('takes each in turn, whatever the key, and goes on when the list changes', () => {
    const pick = roundRobin();
    expect(idsOf([1, 2, 3, 4].map(() => pick([a, b, c], 'key') ?? instance('nobody')))).toEqual([
      'a',
      'b',
      'c',
      'a',
    ]);
    expect([pick([a, b]), pick([a, b])]).toEqual([a, b]);
  });

  it('has a turn of its own for each that is made', () => {
    const [one, other] = [roundRobin(), roundRobin()];
    one([a, b]);
    expect([one([a, b]), other([a, b])]).toEqual([b, a]);
  });

  it('picks nobody where there is nobody, and goes on afterwards', () => {
    const pick = roundRobin();
    expect(pick([])).toBeUndefined();
    expect([a, b]).toContain(pick([a, b]));
  });
});

describe('leastLoaded', () => {
  it('takes the smallest load, and the first among equals', () => {
    const loads = (...of: number[]) => [a, b, c].map((one, i) => ({ ...one, load: of[i] ?? 0 }));
    expect(leastLoaded(loads(3, 1, 2))?.instanceId).toBe('b');
    expect(leastLoaded(loads(1, 1, 0))?.instanceId).toBe('c');
    expect(leastLoaded(loads(1, 1, 1))?.instanceId).toBe('a');
    expect(leastLoaded([])).toBeUndefined();
  });
});

describe('byKey', () => {
  it('takes the instance that the hash of the key names, in whatever order they come', () => {
    for (const key of ['1', '2', '3', '4', '5', '']) {
      const chosen = rendezvous(key, ['a', 'b', 'c']);
      expect(byKey([a, b, c], key)?.instanceId).toBe(chosen);
      expect(byKey([c, a, b], key)?.instanceId).toBe(chosen);
    }
    expect(byKey([a, b, c])).toEqual(byKey([a, b, c], ''));
    expect(byKey([], 'key')).toBeUndefined();
  });
});
