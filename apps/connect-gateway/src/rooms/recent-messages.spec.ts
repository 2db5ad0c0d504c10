import { describe, expect, it } from 'vitest';
import { encodedMessage } from '../connections/encoded-message.js';
import { MAX_ROOM_BYTES, RecentBudget, RecentMessages } from './recent-messages.js';

const message = (seq: number) => encodedMessage({ seq, epoch: 'e1', body: '{"op":3' });
const large = (seq: number, bytes: number) =>
  encodedMessage({ seq, epoch: 'e1', body: `{"op":3,"x":"${'x'.repeat(bytes)}"` });
const seqs = (messages: readonly { seq: number }[] | undefined) => messages?.map(({ seq }) => seq);

function filled(first: number, last: number): RecentMessages {
  const recent = new RecentMessages();
  for (let seq = first; seq <= last; seq++) recent.push([message(seq)]);
  return recent;
}

describe('RecentMessages', () => {
  it('answers what comes after a seq', () => {
    const recent = filled(5, 8);
    expect(seqs(recent.after(4))).toEqual([5, 6, 7, 8]);
    expect(seqs(recent.after(6))).toEqual([7, 8]);
    expect(seqs(recent.after(8))).toEqual([]);
  });

  it('answers undefined when it does not reach back that far', () => {
    expect(filled(5, 8).after(3)).toBeUndefined();
    expect(new RecentMessages().after(0)).toBeUndefined();
  });

  it('knows nothing after a clear', () => {
    const recent = filled(1, 3);
    recent.clear();
    expect(recent.after(2)).toBeUndefined();
    recent.push([message(9)]);
    expect(seqs(recent.after(8))).toEqual([9]);
  });

  it('keeps the newest 256 at least, and never more than 512', () => {
    const recent = filled(1, 2_000);
    expect(recent.after(2_000 - 256)).toHaveLength(256);
    expect(recent.after(2_000 - 513)).toBeUndefined();
  });

  // Only their number was bounded: a busy room of long messages held eight megabytes, a thousand such rooms eight thousand.
  it('keeps no more than 4 MB of a room, and the newest message however large', () => {
    const budget = new RecentBudget();
    const recent = new RecentMessages(budget);
    // Four bytes are reckoned for each: the text and a frame on either transport.
    const quarter = large(1, MAX_ROOM_BYTES / 16);
    for (let seq = 1; seq <= 3; seq++) recent.push([{ ...quarter, seq }]);
    expect(seqs(recent.after(0))).toEqual([1, 2, 3]);
    recent.push([{ ...quarter, seq: 4 }]);
    expect(recent.after(0)).toBeUndefined();
    expect(recent.bytes).toBeLessThanOrEqual(MAX_ROOM_BYTES);
    expect(recent.after(4)).toEqual([]);
    recent.push([{ ...large(5, MAX_ROOM_BYTES), seq: 5 }]);
    expect(seqs(recent.after(4))).toEqual([5]);
    expect(budget.usedBytes).toBe(recent.bytes);
  });

  it('gives way to rooms written to later, when all of them hold too much', () => {
    const budget = new RecentBudget(4 * 3_000);
    const rooms = [1, 2, 3, 4].map(() => new RecentMessages(budget));
    const [a, b, c, d] = rooms as [RecentMessages, RecentMessages, RecentMessages, RecentMessages];
    for (const room of [a, b, c]) room.push([large(1, 900)]);
    a.push([large(2, 10)]);
    expect(rooms.map((room) => room.bytes > 0)).toEqual([true, true, true, false]);
    d.push([large(1, 900)]);
    expect(rooms.map((room) => room.bytes > 0)).toEqual([true, false, true, true]);
    for (const room of rooms) room.clear();
    expect(budget.usedBytes).toBe(0);
  });
});
