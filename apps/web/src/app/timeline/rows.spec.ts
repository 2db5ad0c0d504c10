import { describe, expect, it } from 'vitest';
import { buildRows } from './rows.js';
import { testEvent, testMessage, testPage } from './test-messages.js';
import { emptyTimeline, withAck, withLatestPage, withLive, withSends, type Timeline } from './timeline.js';

const me = { userId: 7, userName: 'me' };
const of = (...messages: ReturnType<typeof testMessage>[]): Timeline => ({
  ...emptyTimeline,
  messages,
  coveredTo: messages.at(-1)?.seq ?? 0,
});
const shape = (timeline: Timeline, unreadAfter?: number) =>
  buildRows(timeline, me, unreadAfter).map((row) =>
    row.kind === 'group'
      ? `${row.userName}:${row.bubbles.map((bubble) => bubble.seq ?? '?').join(',')}`
      : row.kind,
  );
const at = (day: number, hour: number, minute = 0) => new Date(2026, 10, day, hour, minute).getTime();

describe('buildRows', () => {
  it('has nothing to show of nothing', () => {
    expect(shape(emptyTimeline)).toEqual([]);
  });

  it('groups by author', () => {
    const bo = { fromUserId: 3, fromUserName: 'bo' };
    expect(shape(of(testMessage(1), testMessage(2), testMessage(3, bo), testMessage(4)))).toEqual([
      'day',
      'ana:1,2',
      'bo:3',
      'ana:4',
    ]);
  });

  it('knows guests by what the server says of their messages, and itself also before it has answered', () => {
    const isGuest = (timeline: Timeline, role: 'user' | 'guest') =>
      buildRows(timeline, { ...me, role }, undefined).flatMap((row) =>
        row.kind === 'group' ? [row.isGuest] : [],
      );
    const theirs = of(
      testMessage(1),
      testMessage(2, { fromUserId: 3, fromUserName: 'ana', fromGuest: true }),
    );
    expect(isGuest(theirs, 'user')).toEqual([false, true]);
    const own = () =>
      withSends(
        emptyTimeline,
        [{ clientMsgId: 'x', text: 'hi', createdAtMs: at(23, 8), status: 'pending' }],
        7,
      );
    expect([isGuest(own(), 'guest'), isGuest(own(), 'user')]).toEqual([[true], [false]]);
  });

  it('starts a new group after a pause and at midnight', () => {
    const timeline = of(
      testMessage(1, { sentAt: at(22, 23, 50) }),
      testMessage(2, { sentAt: at(22, 23, 58) }),
      testMessage(3, { sentAt: at(23, 0, 1) }),
    );
    expect(shape(timeline)).toEqual(['day', 'ana:1', 'ana:2', 'day', 'ana:3']);
  });

  it('draws one line above what is new, and none for own messages', () => {
    const mine = { fromUserId: 7, fromUserName: 'me' };
    const timeline = of(testMessage(1), testMessage(2, mine), testMessage(3), testMessage(4));
    expect(shape(timeline, 1)).toEqual(['day', 'ana:1', 'me:2', 'unread', 'ana:3,4']);
    expect(shape(timeline, 4)).toEqual(['day', 'ana:1', 'me:2', 'ana:3,4']);
  });

  it('keeps the key of a send when it arrives', () => {
    const page = withLatestPage(emptyTimeline, testPage(1, 1), 7);
    const sent = withSends(
      page,
      [{ clientMsgId: 'mine', text: 'hi', createdAtMs: at(23, 8), status: 'pending' }],
      7,
    );
    const arrived = withLive(
      withAck(sent, 'mine', 2),
      testMessage(2, { fromUserId: 7, fromUserName: 'me', clientMsgId: 'mine' }),
      7,
    );
    const lastKey = (timeline: Timeline) => {
      const last = buildRows(timeline, me, undefined).at(-1);
      return last?.kind === 'group' ? last.bubbles.at(-1)?.key : undefined;
    };
    expect(lastKey(sent)).toBe('7:mine');
    expect(lastKey(arrived)).toBe(lastKey(sent));
  });

  it('gives the same bubble object for the same message', () => {
    const timeline = of(testMessage(1));
    const bubble = () => {
      const row = buildRows(timeline, me, undefined).at(-1);
      return row?.kind === 'group' ? row.bubbles[0] : undefined;
    };
    expect(bubble()).toBe(bubble());
  });

  it('gives the same group object as long as its messages are the same', () => {
    const groups = (timeline: Timeline) =>
      buildRows(timeline, me, undefined).filter(({ kind }) => kind === 'group');
    const other = { fromUserId: 9, fromUserName: 'bo' };
    const timeline = of(testMessage(1), testMessage(2, other));
    const longer = withLive(timeline, testMessage(3, other), 7);
    const [before, after] = [groups(timeline), groups(longer)];
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    expect(groups(longer)[1]).toBe(after[1]);
  });

  it('shows acts where they happened, each once made for good', () => {
    const kick = testEvent(2, { kind: 'kick', userId: 3, userName: 'bo' });
    const timeline = { ...of(testMessage(1)), reachedStart: true };
    const messages = [testMessage(1), kick, testMessage(3)];
    const rows = buildRows({ ...timeline, messages }, me, undefined);
    expect(rows.map(({ kind }) => kind)).toEqual(['day', 'group', 'event', 'group']);
    const more = buildRows({ ...timeline, messages: [...messages, testMessage(4)] }, me, undefined);
    expect(more[2]).toBe(rows[2]);
  });

  it('keeps nothing of a deleted text', () => {
    const gone = testMessage(1, { msg: 'left over', deleted: { by: 'self', at: 1 } });
    const [, group] = buildRows(of(gone), me, undefined);
    expect(group).toMatchObject({ bubbles: [{ text: '', deleted: { by: 'self' } }] });
  });
});
