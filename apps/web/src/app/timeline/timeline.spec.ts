import { describe, expect, it } from 'vitest';
import { testMessage, testMessages, testPage } from './test-messages.js';
import {
  emptyTimeline,
  followed,
  isAtEnd,
  maxTimelineMessages,
  withAck,
  withLatestPage,
  withLive,
  withNewerPage,
  withOlderPage,
  withoutOldest,
  withSends,
  type OutgoingMessage,
  type Timeline,
} from './timeline.js';

const me = 7;
const own = { fromUserId: me, fromUserName: 'me' };
const seqs = (timeline: Timeline) => timeline.messages.map((message) => message.seq);
const loaded = (from: number, to: number) => withLatestPage(emptyTimeline, testPage(from, to), me);

describe('live messages', () => {
  it('continue the stretch', () => {
    const timeline = withLive(loaded(1, 3), testMessage(4), me);
    expect(seqs(timeline)).toEqual([1, 2, 3, 4]);
    expect(isAtEnd(timeline)).toBe(true);
  });

  it('that are known change nothing', () => {
    const before = loaded(1, 3);
    expect(withLive(before, testMessage(2), me)).toBe(before);
    expect(withLive(before, testMessage(3), me)).toBe(before);
  });

  it('that leave a gap wait for it to be loaded: the stretch never has holes', () => {
    const timeline = withLive(loaded(1, 3), testMessage(6), me);
    expect(seqs(timeline)).toEqual([1, 2, 3]);
    expect(isAtEnd(timeline)).toBe(false);
    const filled = withNewerPage(timeline, testPage(4, 6, { more: false }), 3, me);
    expect(seqs(filled)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(isAtEnd(filled)).toBe(true);
  });

  it('start an empty room', () => {
    const timeline = withLive(withLatestPage(emptyTimeline, testPage(1, 0), me), testMessage(1), me);
    expect(seqs(timeline)).toEqual([1]);
  });

  it('that come while the first page is on its way are kept, once', () => {
    const early = withLive(withLive(loaded(1, 3), testMessage(4), me), testMessage(5), me);
    expect(seqs(withLatestPage(early, testPage(2, 4), me))).toEqual([2, 3, 4, 5]);
  });

  it('that come before any page and after it mark the room as incomplete', () => {
    const early = withLive(emptyTimeline, testMessage(5), me);
    const timeline = withLatestPage(early, testPage(1, 4), me);
    expect(isAtEnd(timeline)).toBe(false);
  });
});

describe('older pages', () => {
  it('come in front', () => {
    const timeline = withOlderPage(loaded(51, 100), testPage(1, 50, { more: false }), 51);
    expect(seqs(timeline)).toEqual(seqs(loaded(1, 100)));
    expect(timeline.reachedStart).toBe(true);
  });

  it('that answer for another stretch are ignored', () => {
    const timeline = loaded(51, 100);
    expect(withOlderPage(timeline, testPage(1, 20), 21)).toBe(timeline);
  });

  it('push the newest out at the bound, and those come back on the way down', () => {
    const timeline = withOlderPage(loaded(101, 100 + maxTimelineMessages), testPage(51, 100), 101);
    expect(timeline.messages).toHaveLength(maxTimelineMessages);
    expect(timeline.messages[0]?.seq).toBe(51);
    expect(isAtEnd(timeline)).toBe(false);
    const down = withNewerPage(timeline, testPage(timeline.coveredTo + 1, 600), timeline.coveredTo, me);
    expect(isAtEnd(down)).toBe(true);
    expect(down.messages.at(-1)?.seq).toBe(600);
  });
});

it('a message below the bound stays, the oldest beyond it goes', () => {
  const full = loaded(1, followed.most);
  expect(withoutOldest(full)).toBe(full);
  const more = withoutOldest(withLive(full, testMessage(followed.most + 1), me));
  expect(more.messages).toHaveLength(followed.kept);
  expect(more.messages[0]?.seq).toBe(2 + followed.most - followed.kept);
  expect(more.reachedStart).toBe(false);
});

it('what was not shown yet stays, up to the bound of all', () => {
  const burst = (last: number) => ({ ...loaded(1, last), head: last });
  expect(withoutOldest(burst(300), 10).messages).toHaveLength(300);
  expect(withoutOldest(burst(300), 290).messages).toHaveLength(followed.kept);
  expect(withoutOldest(burst(300), 215).messages[0]?.seq).toBe(216);
  expect(withoutOldest(burst(600), 10).messages).toHaveLength(maxTimelineMessages);
});

describe('a newer page', () => {
  it('that is not the last leaves the rest for the next', () => {
    const behind = { ...loaded(1, 3), head: 300 };
    const timeline = withNewerPage(behind, testPage(4, 203, { head: 300, more: true }), 3, me);
    expect(timeline.coveredTo).toBe(203);
    expect(isAtEnd(timeline)).toBe(false);
  });

  it('covers numbers that a lost epoch left empty', () => {
    const behind = { ...loaded(1, 3), head: 1_003 };
    const page = { ...testPage(1_001, 1_003), more: false };
    const timeline = withNewerPage(behind, page, 3, me);
    expect(seqs(timeline)).toEqual([1, 2, 3, 1_001, 1_002, 1_003]);
    expect(isAtEnd(timeline)).toBe(true);
  });
});

describe('sends', () => {
  const send = (clientMsgId: string, fields: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
    clientMsgId,
    text: 'hello',
    createdAtMs: 1,
    status: 'pending',
    ...fields,
  });
  const sent = withSends(loaded(1, 3), [send('mine')], me);

  it('are shown at once', () => {
    expect(sent.outgoing).toMatchObject([{ clientMsgId: 'mine', text: 'hello', status: 'pending' }]);
  });

  it('acked before they arrive are shown once', () => {
    const acked = withAck(sent, 'mine', 4);
    expect(acked.outgoing).toMatchObject([{ status: 'sent', seq: 4 }]);
    const arrived = withLive(acked, testMessage(4, { ...own, clientMsgId: 'mine' }), me);
    expect(arrived.outgoing).toEqual([]);
    expect(seqs(arrived)).toEqual([1, 2, 3, 4]);
  });

  it('acked after they arrived are shown once', () => {
    const arrived = withLive(sent, testMessage(4, { ...own, clientMsgId: 'mine' }), me);
    expect(withAck(arrived, 'mine', 4).outgoing).toEqual([]);
  });

  it('whose ack was a duplicate of a message long shown disappear', () => {
    expect(withAck(sent, 'mine', 2).outgoing).toEqual([]);
  });

  it('are not confused with another user who happens to use the same id', () => {
    const other = withLive(sent, testMessage(4, { clientMsgId: 'mine' }), me);
    expect(other.outgoing).toHaveLength(1);
  });

  it('that arrive with history are confirmed', () => {
    const page = {
      ...testPage(1, 4),
      messages: [...testMessages(1, 3), testMessage(4, { ...own, clientMsgId: 'mine' })],
    };
    expect(withLatestPage(sent, page, me).outgoing).toEqual([]);
  });

  it('that have arrived are not shown again when the outbox still has them', () => {
    const arrived = withLive(sent, testMessage(4, { ...own, clientMsgId: 'mine' }), me);
    expect(withSends(arrived, [send('mine')], me)).toBe(arrived);
  });

  it('that are accepted stay until they arrive, whatever the outbox says', () => {
    const acked = withAck(withSends(sent, [send('mine'), send('second')], me), 'mine', 4);
    for (const sends of [[send('second')], [send('mine'), send('second')]]) {
      expect(withSends(acked, sends, me).outgoing).toMatchObject([
        { clientMsgId: 'mine', status: 'sent' },
        { clientMsgId: 'second', status: 'pending' },
      ]);
    }
  });

  it('change and go as the outbox says, and are the same objects while nothing changes', () => {
    const refused = withSends(sent, [send('mine', { status: 'failed', errorCode: 'FORBIDDEN' })], me);
    expect(refused.outgoing).toMatchObject([{ status: 'failed', errorCode: 'FORBIDDEN' }]);
    expect(withSends(refused, [send('mine', { status: 'failed', errorCode: 'FORBIDDEN' })], me)).toBe(
      refused,
    );
    expect(withSends(refused, [send('mine')], me).outgoing[0]?.errorCode).toBeUndefined();
    expect(withSends(refused, [], me).outgoing).toEqual([]);
  });
});
