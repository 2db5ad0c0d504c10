import { describe, expect, it, vi } from 'vitest';
import { idsOf, instance } from './registry.conformance.js';
import { WatchList } from './watch-list.js';

describe('WatchList', () => {
  it('is sorted by id, and leaves the list that it was given as it was', () => {
    const list = new WatchList();
    expect(list.current).toEqual([]);
    const given = [instance('c'), instance('a'), instance('b')];
    list.replace(given);
    expect(idsOf(list.current)).toEqual(['a', 'b', 'c']);
    expect(idsOf(given)).toEqual(['c', 'a', 'b']);
  });

  it('tells every watcher of who comes, goes or changes, and of nothing else', () => {
    const list = new WatchList();
    const [one, other] = [vi.fn(), vi.fn()];
    list.add(one);
    list.add(other);
    list.replace([]);
    expect(one).not.toHaveBeenCalled();
    list.replace([instance('b'), instance('a')]);
    list.replace([instance('a'), instance('b')]);
    list.replace([instance('a', { load: 5 }), instance('b', { load: 6 })]);
    expect(one.mock.calls).toEqual([[[instance('a'), instance('b')]]]);
    // The load is there all the same.
    expect(list.current.map(({ load }) => load)).toEqual([5, 6]);
    list.replace([instance('a', { state: 'draining' }), instance('b')]);
    list.replace([instance('b')]);
    expect(one.mock.calls.slice(1)).toEqual([
      [[instance('a', { state: 'draining' }), instance('b')]],
      [[instance('b')]],
    ]);
    expect(other.mock.calls).toEqual(one.mock.calls);
  });

  it('has changed already when a watcher is told', () => {
    const list = new WatchList();
    const seen: string[][] = [];
    list.add(() => seen.push(idsOf(list.current)));
    list.replace([instance('a')]);
    expect(seen).toEqual([['a']]);
  });

  it('does not tell who has stopped watching', () => {
    const list = new WatchList();
    const [one, other] = [vi.fn(), vi.fn()];
    const stop = list.add(one);
    list.add(other);
    stop();
    list.replace([instance('a')]);
    expect([one.mock.calls.length, other.mock.calls.length]).toEqual([0, 1]);
  });
});
