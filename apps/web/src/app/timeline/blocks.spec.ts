import { describe, expect, it } from 'vitest';
import { blocksOf } from './blocks.js';
import { buildRows } from './rows.js';
import { testEvent, testMessage, testMessages } from './test-messages.js';
import { emptyTimeline, withLive, withSends, type Timeline } from './timeline.js';

const me = { userId: 7, userName: 'me' };
/** Of two people in turn: each message is a row. */
const between = (from: number, to: number): Timeline => ({
  ...emptyTimeline,
  messages: testMessages(from, to).map((message) => ({ ...message, fromUserId: 1 + (message.seq % 2) })),
  coveredTo: to,
  head: to,
});
const blocks = (timeline: Timeline, unreadAfter?: number) => blocksOf(buildRows(timeline, me, unreadAfter));
const shape = (timeline: Timeline, unreadAfter?: number) =>
  blocks(timeline, unreadAfter).map(({ rows }) =>
    rows.map((row) => (row.kind === 'group' ? row.bubbles[0]?.seq : row.kind)),
  );

describe('blocksOf', () => {
  it('has acts, also after the last message, and keeps them', () => {
    const kick = testEvent(19, { kind: 'kick', userId: 3, userName: 'bo' });
    const timeline = withLive(between(14, 18), kick, 7);
    expect(shape(timeline).at(-1)).toEqual([16, 17, 18, 'event']);
    const only = { ...emptyTimeline, messages: [kick], coveredTo: 19, head: 19 };
    expect(shape(only)).toEqual([['day', 'event']]);
    expect(blocks(only)[0]).toBe(blocks({ ...only, head: 20 })[0]);
  });

  it('has none of nothing', () => {
    expect(shape(emptyTimeline)).toEqual([]);
  });

  it('has all rows, in order, with lines above what they belong to', () => {
    expect(shape(between(14, 18), 15)).toEqual([
      ['day', 14, 15],
      ['unread', 16, 17, 18],
    ]);
  });

  it('gives the same blocks again, but for the one to which a message is added', () => {
    const timeline = between(1, 40);
    const before = blocks(timeline);
    const after = blocks(withLive(timeline, testMessage(41, { fromUserId: 2 }), me.userId));
    expect(after.length).toBeGreaterThan(2);
    expect(after.map((block, i) => block === before[i])).toEqual(after.map((_, i) => i < after.length - 1));
    expect(after.map(({ key }) => key)).toEqual(before.map(({ key }) => key));
  });

  it('gives the same blocks again when older messages come or go', () => {
    const all = between(1, 40);
    const later = { ...all, messages: all.messages.slice(20) };
    const last = blocks(all).at(-1);
    expect(blocks(later).at(-1)).toBe(last);
    expect(blocks(all).at(-1)).toBe(last);
  });

  it('has what is on its way in the last block', () => {
    const send = {
      clientMsgId: 'mine',
      text: 'hi',
      createdAtMs: testMessage(17).sentAt,
      status: 'pending' as const,
    };
    expect(shape(withSends(between(14, 17), [send], me.userId))).toEqual([
      ['day', 14, 15],
      [16, 17, undefined],
    ]);
    expect(shape(withSends(emptyTimeline, [send], me.userId))).toEqual([['day', undefined]]);
  });
});
