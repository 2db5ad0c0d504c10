import { expect, it } from 'vitest';
import { emptyThread } from '../threads/thread.js';
import { unreadCount, withOpened, withRead } from './unread.js';

const thread = { ...emptyThread, timeline: { ...emptyThread.timeline, head: 9 }, readTo: 6 };

it('counts what came since, and reading never goes back', () => {
  expect(unreadCount(thread)).toBe(3);
  expect(unreadCount(withRead(thread, 9))).toBe(0);
  expect(withRead(thread, 2)).toBe(thread);
  expect(unreadCount(withRead(thread, 20))).toBe(0);
});

it('puts the line where the user left off', () => {
  expect(withOpened(thread).unreadAfter).toBe(6);
  expect(withOpened(withRead(thread, 9)).unreadAfter).toBeUndefined();
  expect(withOpened({ ...thread, readTo: undefined }).unreadAfter).toBeUndefined();
});
