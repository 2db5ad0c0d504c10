import { expect, it } from 'vitest';
import { ByteWindow } from './byte-window.js';

function setUp(maxBytes: number) {
  const window = new ByteWindow(maxBytes);
  const started: string[] = [];
  const take = (name: string, bytes: number) => window.take(bytes, () => started.push(name));
  return { window, started, take };
}

it('starts what fits, and the rest in order as bytes come back', () => {
  const { started, take } = setUp(10);
  const a = take('a', 6);
  take('b', 4);
  take('c', 5);
  // Small, but not before its turn.
  take('d', 1);
  expect(started).toEqual(['a', 'b']);
  a();
  a();
  expect(started).toEqual(['a', 'b', 'c', 'd']);
});

it('lets one through that is larger than the window, alone', () => {
  const { started, take, window } = setUp(10);
  expect(window.isIdle).toBe(true);
  const large = take('large', 11);
  const next = take('next', 1);
  expect(started).toEqual(['large']);
  expect(window.isIdle).toBe(false);
  large();
  expect(started).toEqual(['large', 'next']);
  expect(window.isIdle).toBe(false);
  next();
  expect(window.isIdle).toBe(true);
});

it('forgets what gave up waiting', () => {
  const { started, take, window } = setUp(10);
  const a = take('a', 10);
  take('b', 10)();
  a();
  expect(started).toEqual(['a']);
  expect(window.isIdle).toBe(true);
});
