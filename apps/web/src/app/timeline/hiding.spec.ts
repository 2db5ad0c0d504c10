import { describe, expect, it } from 'vitest';
import { testEvent, testMessage, testMessages, testPage } from './test-messages.js';
import {
  emptyTimeline,
  withAck,
  withLatestPage,
  withLive,
  withNewerPage,
  withOlderPage,
  withRestored,
  withSends,
  type Timeline,
} from './timeline.js';

const me = 7;
const of = (from: number, to: number): Timeline => withLatestPage(emptyTimeline, testPage(from, to), me);
const texts = ({ messages }: Timeline) =>
  messages.map(({ seq, msg, deleted }) => (deleted ? `${seq}✗` : (msg ?? `${seq}!`)));
const deletes = (seq: number, range: object, fields: object = {}) =>
  testEvent(seq, { kind: 'delete', range, by: 'moderator', ...fields });
const restores = (seq: number, range: object) => testEvent(seq, { kind: 'restore', range });

describe('an act that hides messages', () => {
  it('takes their texts away with its arrival, and says by whom and why', () => {
    const timeline = withLive(of(1, 3), deletes(4, { from: 2, to: 2 }, { reason: 'rude' }), me);
    expect(texts(timeline)).toEqual(['message 1', '2✗', 'message 3', '4!']);
    expect(JSON.stringify(timeline)).not.toContain('message 2');
    expect(timeline.messages[1]?.deleted).toMatchObject({ by: 'moderator', reason: 'rude' });
  });

  it.each([
    ['up to itself', { from: 2 }, ['message 1', '2✗', '3✗']],
    ['of some people only', { from: 1, of: [2] }, ['1✗', 'message 2', '3✗']],
    ['of all but some', { from: 1, except: [2] }, ['message 1', '2✗', 'message 3']],
  ])('hides %s', (_what, range, expected) => {
    const page = testPage(1, 3);
    page.messages[1] = testMessage(2, { fromUserId: 9 });
    const timeline = withLive(withLatestPage(emptyTimeline, page, me), deletes(4, range), me);
    expect(texts(timeline).slice(0, 3)).toEqual(expected);
  });

  it('hides announcements, too', () => {
    const announced = testEvent(4, { kind: 'announcement', style: 'warning', msg: 'oops' });
    const timeline = withLive(withLive(of(1, 3), announced, me), deletes(5, { from: 4, to: 4 }), me);
    expect(JSON.stringify(timeline)).not.toContain('oops');
  });

  it('hides what is loaded even when it leaves a gap itself', () => {
    const timeline = withLive(of(1, 3), deletes(9, { from: 3, to: 3 }), me);
    expect(texts(timeline)).toEqual(['message 1', 'message 2', '3✗']);
    expect(timeline.head).toBe(9);
  });

  it('holds for pages that were asked for before it', () => {
    const timeline = withLive(of(4, 6), deletes(7, { from: 1, to: 6 }), me);
    expect(texts(withOlderPage(timeline, testPage(1, 3), 4))).toEqual([
      '1✗',
      '2✗',
      '3✗',
      '4✗',
      '5✗',
      '6✗',
      '7!',
    ]);
    expect(texts(withLatestPage(timeline, testPage(4, 6), me))).toEqual(['4✗', '5✗', '6✗', '7!']);
  });

  it('may come with a page of newer messages', () => {
    const page = {
      ...testPage(4, 4),
      messages: [...testMessages(4, 4), deletes(5, { from: 2, to: 4 })],
      head: 5,
    };
    expect(texts(withNewerPage(of(1, 3), page, 3, me))).toEqual(['message 1', '2✗', '3✗', '4✗', '5!']);
  });

  it('takes own messages that are accepted and have not arrived', () => {
    const send = { clientMsgId: 'mine', text: 'secret', createdAtMs: 0, status: 'pending' } as const;
    const sent = withAck(withSends(of(1, 3), [send], me), 'mine', 5);
    expect(withLive(sent, deletes(7, { from: 6, to: 6 }), me).outgoing).toHaveLength(1);
    expect(JSON.stringify(withLive(sent, deletes(7, { from: 4 }), me))).not.toContain('secret');
  });
});

describe('an act that shows messages again', () => {
  const gone = withLive(of(1, 3), deletes(4, { from: 1, to: 3 }), me);

  it('lets texts that are read anew back in', () => {
    const restored = withLive(gone, restores(5, { from: 2, to: 3 }), me);
    expect(texts(restored)).toEqual(['1✗', '2✗', '3✗', '4!', '5!']);
    expect(texts(withRestored(restored, testPage(2, 3)))).toEqual([
      '1✗',
      'message 2',
      'message 3',
      '4!',
      '5!',
    ]);
  });

  it('does not when another act has hidden them since', () => {
    const again = withLive(withLive(gone, restores(5, { from: 1 }), me), deletes(6, { from: 2, to: 2 }), me);
    expect(texts(withRestored(again, testPage(1, 3))).slice(0, 3)).toEqual(['message 1', '2✗', 'message 3']);
  });

  it('takes back the one act that it undoes, and none before it', () => {
    const settings = { mode: 'hosts', slowModeWaitTime: 0 };
    const panic = testEvent(5, { kind: 'panic', settings, prior: settings, range: { from: 1 } });
    const calm = testEvent(6, { kind: 'calm', settings, range: { from: 1 }, undoes: 5 });
    const first = withLive(of(1, 3), deletes(4, { from: 1, to: 1 }), me);
    const calmed = withLive(withLive(first, panic, me), calm, me);
    expect(texts(withRestored(calmed, testPage(1, 3))).slice(0, 3)).toEqual(['1✗', 'message 2', 'message 3']);
  });
});
