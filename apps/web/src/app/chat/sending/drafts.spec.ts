import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Drafts } from './drafts.js';

let stored: Map<string, string>;
let otherTab: (event: object) => void;

beforeEach(() => {
  stored = new Map();
  const localStorage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  };
  const addEventListener = (_name: string, listener: typeof otherTab) => (otherTab = listener);
  vi.stubGlobal('window', { addEventListener, localStorage });
});
afterEach(() => vi.unstubAllGlobals());
const open = (userId = 7) => new Drafts(userId, new AbortController().signal);

it('keeps what was begun, by user and thread, until it is sent', () => {
  open().set('room:1', 'hel');
  expect([open().get('room:1'), open().get('room:2'), open(8).get('room:1')]).toEqual(['hel', '', '']);
  open().set('room:1', '');
  expect(stored.size).toBe(0);
});

it('puts back several in the order in which they were sent', () => {
  const drafts = open();
  drafts.set('room:1', 'next');
  for (const text of ['one', 'two', 'three']) drafts.putBack('room:1', text);
  expect(drafts.get('room:1')).toBe('one\ntwo\nthree\nnext');
  drafts.set('room:1', 'on');
  drafts.putBack('room:1', 'four');
  expect(drafts.get('room:1')).toBe('four\non');
});

it('puts back what was refused, above what was begun since', () => {
  const drafts = open();
  drafts.putBack('room:1', 'refused');
  expect(drafts.get('room:1')).toBe('refused');
  drafts.set('room:2', 'begun');
  drafts.putBack('room:2', 'earlier');
  expect(drafts.get('room:2')).toBe('earlier\nbegun');
});

it('follows another tab on the same thread, but overwrites nothing', () => {
  const drafts = open();
  const changed = vi.fn();
  drafts.subscribe(changed);
  expect(drafts.get('room:1')).toBe('');
  otherTab({ key: 'parley.draft.7.room:1', oldValue: null, newValue: 'a' });
  expect(drafts.get('room:1')).toBe('a');
  drafts.set('room:1', 'mine');
  otherTab({ key: 'parley.draft.7.room:1', oldValue: 'a', newValue: 'theirs' });
  otherTab({ key: 'something else', oldValue: 'mine', newValue: 'theirs' });
  expect(drafts.get('room:1')).toBe('mine');
  expect(changed).toHaveBeenCalledTimes(2);
});
