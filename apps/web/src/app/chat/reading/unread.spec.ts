import { limits } from '@parley/protocol';
import { expect, it } from 'vitest';
import { testMessage } from '../../timeline/test-messages.js';
import { emptyThread, withArrived, type Thread } from '../threads/thread.js';
import { unreadCount, withOpened, withRead, withReadState } from './unread.js';

const ME = 7;
const away = { me: ME, isAway: false };
const arrived = (thread: Thread, seq: number, fromUserId = 1) =>
  withArrived(thread, testMessage(seq, { fromUserId }), away);
/** Read to 6; the server has counted two more up to 9. */
const thread = withReadState(emptyThread, { roomId: 1, seq: 6, head: 9, unread: 2 });

it('counts what the server has counted, and what others have written since', () => {
  expect(unreadCount(thread)).toBe(2);
  expect(unreadCount(arrived(arrived(thread, 10), 11))).toBe(4);
});

it('never counts own messages, nor the numbers that a new epoch has left out, nor a message twice', () => {
  expect(unreadCount(arrived(thread, 10, ME))).toBe(2);
  expect(unreadCount(arrived(thread, 100_001))).toBe(3);
  expect(unreadCount(arrived(arrived(thread, 10), 10))).toBe(3);
  expect(unreadCount(arrived(thread, 8))).toBe(2);
});

it('stops at the bound', () => {
  let full = thread;
  for (let seq = 10; seq < 400; seq++) full = arrived(full, seq);
  expect(unreadCount(full)).toBe(limits.maxUnread);
});

it('reading never goes back, and what came after it stays unread', () => {
  const more = arrived(arrived(thread, 10), 11);
  expect(unreadCount(withRead(more, 10))).toBe(1);
  expect(unreadCount(withRead(more, 11))).toBe(0);
  expect(withRead(more, 2)).toBe(more);
  // In the middle of what the server counted: it says what is left.
  expect(unreadCount(withRead(more, 7))).toBe(4);
});

it('takes the word of the server when another device has read further, and not when it is late', () => {
  const more = arrived(thread, 10);
  expect(unreadCount(withReadState(more, { roomId: 1, seq: 9, head: 9, unread: 0 }))).toBe(1);
  expect(withReadState(more, { roomId: 1, seq: 5, head: 10, unread: 4 })).toBe(more);
});

// Asked before a message and answered after it, the older answer took the message from the count.
it('keeps what it was told of more messages, when an older word comes after it', () => {
  const more = withReadState(thread, { roomId: 1, seq: 6, head: 12, unread: 5 });
  expect(withReadState(more, { roomId: 1, seq: 6, head: 9, unread: 2 })).toBe(more);
  // One was deleted since.
  expect(unreadCount(withReadState(more, { roomId: 1, seq: 6, head: 12, unread: 4 }))).toBe(4);
});

it('puts the line where the user left off', () => {
  expect(withOpened(thread).unreadAfter).toBe(6);
  expect(withOpened(withRead(thread, 9)).unreadAfter).toBeUndefined();
  expect(withOpened(emptyThread).unreadAfter).toBeUndefined();
});
