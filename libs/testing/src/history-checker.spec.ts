import { describe, expect, it } from 'vitest';
import { HistoryChecker } from './index.js';
import { ROOM, Story, story } from './history-story.js';

describe('HistoryChecker on sound histories', () => {
  it.each<[string, Story]>([
    ['nothing', new Story()],
    ['one order for all', story().acks('x', 1).acks('y', 2).shows('a', 'x1 y2').shows('b', 'x1 y2')],
    ['a receipt before the ack', story().sends('x').shows('a', 'x1').acks('x', 1).shows('b', 'x1')],
    [
      'a retry with the first ack',
      story().sends('x').sends('x').acks('x', 1).acks('x', 1).shows('a', 'x1').shows('b', 'x1'),
    ],
    ['an ack that got lost', story().sends('x').shows('a', 'x1').shows('b', 'x1')],
    ['a refusal', story().sends('x').refuses('x')],
    [
      'a refused retry of what had been accepted',
      story().sends('x').sends('x').refuses('x').shows('a', 'x1').shows('b', 'x1'),
    ],
    [
      'a late joiner',
      story().acks('x', 1).shows('a', 'x1 y2').shows('b', 'x1 y2').joins(1, 'c').shows('c', 'y2'),
    ],
    [
      'one that left',
      story().acks('x', 1).shows('a', 'x1').shows('b', 'x1').leaves('b').acks('y', 2).shows('a', 'y2'),
    ],
    [
      'a message in flight to one that left',
      story().shows('a', 'x1 y2').shows('b', 'x1').leaves('b').shows('b', 'y2'),
    ],
    ['a resume', story().shows('a', 'x1 y2').shows('b', 'x1').joins(1, 'b').shows('b', 'y2')],
    [
      'a new stay that reads all again',
      story().shows('a', 'x1').shows('b', 'x1').leaves('b').joins(0, 'b').shows('b', 'x1'),
    ],
    [
      'a new epoch that begins higher',
      story().shows('a', 'x1').shows('b', 'x1').shows('a', 'y1001', 'e2').shows('b', 'y1001', 'e2'),
    ],
    [
      'a new epoch known from a join alone',
      new Story()
        .joins(0, 'a')
        .shows('a', 'x1')
        .joins(500, 'b')
        .shows('a', 'y2')
        .shows('b', 'z501', 'e2')
        .acks('z', 501, 'e2')
        .shows('a', 'z501', 'e2')
        .leaves('b', 0),
    ],
    [
      'old numbers shown under the new epoch by the archive',
      story().acks('x', 1).acks('y', 9, 'e2').shows('a', 'x1 y9', 'e2').shows('b', 'x1 y9', 'e2'),
    ],
    ['a client never announced', new Story().acks('x', 1).shows('c', 'y2 z3')],
  ])('%s', (_name, { checker }) => {
    expect(checker.check()).toEqual([]);
  });
});

describe('HistoryChecker on broken histories', () => {
  it.each<[string, Story, string[]]>([
    ['an acked message nobody got', story().acks('x', 1), ['lost a 1', 'lost b 1']],
    ['an acked message one did not get at the end', story().acks('x', 1).shows('a', 'x1'), ['lost b 1']],
    [
      'acked messages skipped',
      story().acks('x', 1).acks('y', 2).shows('a', 'x1 y2 z3').shows('b', 'z3'),
      ['lost b 1-2'],
    ],
    [
      'shown to others, never acked, not at the end',
      story().shows('a', 'x1 y2').shows('b', 'x1'),
      ['lost b 2'],
    ],
    [
      'a resume that skips',
      story().acks('y', 2).shows('a', 'x1 y2 z3').shows('b', 'x1').joins(2, 'b').shows('b', 'z3'),
      ['lost b 2'],
    ],
    [
      'less than the client should have when it left',
      story().shows('a', 'x1 y2').acks('y', 2).shows('b', 'x1').leaves('b', 2),
      ['lost b 2'],
    ],
    [
      'an acked message lost where the epoch changed',
      story()
        .shows('a', 'x1')
        .shows('b', 'x1')
        .acks('y', 2)
        .shows('a', 'z100', 'e2')
        .shows('b', 'z100', 'e2'),
      ['lost a 2', 'lost b 2'],
    ],
    ['shown twice', story().shows('a', 'x1 x1').shows('b', 'x1'), ['duplicate a 1']],
    [
      'shown again after a reconnect',
      story().shows('a', 'x1 y2').shows('b', 'x1 y2').joins(2, 'b').shows('b', 'x1 y2'),
      ['duplicate b 1', 'duplicate b 2'],
    ],
    [
      'shown from before the join',
      story().shows('a', 'x1').shows('b', 'x1').joins(1, 'c').shows('c', 'x1'),
      ['duplicate c 1'],
    ],
    ['an earlier one late', story().shows('a', 'x1 z3 y2').shows('b', 'x1 y2 z3'), ['reordered a 2']],
    [
      'two places swapped for one member',
      story().shows('a', 'x1 y2').shows('b', 'y1 x2'),
      ['reordered 1', 'reordered 2'],
    ],
    [
      'the same, interleaved',
      story().shows('a', 'x1').shows('b', 'y1 x2').shows('a', 'y2'),
      ['reordered 1', 'reordered 2'],
    ],
    ['a number missing that others saw', story().shows('a', 'x1 y2 z3').shows('b', 'x1 z3'), ['gap b 2']],
    ['numbers nobody saw', story().shows('a', 'x1 y4').shows('b', 'x1 y4'), ['gap a 2-3', 'gap b 2-3']],
    ['the first number missing', story().shows('a', 'x2').shows('b', 'x2'), ['gap a 1', 'gap b 1']],
    [
      'a gap beside a change of epoch',
      story().shows('a', 'x1 y3').shows('a', 'z50', 'e2').leaves('b', 0),
      ['gap a 2'],
    ],
    [
      'a refused message shown',
      story().sends('x').refuses('x').shows('a', 'x1').shows('b', 'x1'),
      ['phantom 1'],
    ],
    [
      'refused twice, shown',
      story().sends('x').sends('x').refuses('x').refuses('x').shows('a', 'x1').shows('b', 'x1'),
      ['phantom 1'],
    ],
    [
      'a retry appended again',
      story().acks('x', 1).shows('a', 'x1 x2').shows('b', 'x1 x2'),
      ['double-append 2'],
    ],
    [
      'a retry acked with another number',
      story().acks('x', 1).acks('x', 2).shows('a', 'x1').shows('b', 'x1'),
      ['double-append 2', 'lost a 2', 'lost b 2'],
    ],
    ['a number given to two messages', story().shows('a', 'x1').shows('b', 'y1'), ['identity 1']],
    [
      'a number acked to two senders',
      story().acks('x', 1).acks('y', 1).shows('a', 'x1').shows('b', 'x1'),
      ['identity 1'],
    ],
    [
      'a number used again in a new epoch',
      story().shows('a', 'x1').shows('b', 'x1').shows('a', 'y1', 'e2'),
      ['identity 1'],
    ],
  ])('%s', (_name, told, expected) => {
    expect(told.found().sort()).toEqual([...expected].sort());
  });

  it('compares server ids and contents, also without clientMsgId', () => {
    const checker = new HistoryChecker();
    const place = { roomId: ROOM, epoch: 1, atMs: 0 };
    checker.received({ ...place, clientId: 'a', seq: 1, id: 'm1', content: 'hello' });
    checker.received({ ...place, clientId: 'b', seq: 1, id: 'm1', content: 'hallo' });
    checker.received({ ...place, clientId: 'a', seq: 2, id: 'm2' });
    checker.received({ ...place, clientId: 'b', seq: 2, id: 'm9' });
    checker.received({ ...place, clientId: 'a', seq: 3, id: 'm3' });
    checker.received({ ...place, clientId: 'b', seq: 3, clientMsgId: 'x' });
    checker.received({ ...place, clientId: 'b', seq: 4, id: 'm3' });
    checker.received({ ...place, clientId: 'a', seq: 4 });
    expect(checker.check().map(({ kind, seq }) => `${kind} ${seq}`)).toEqual([
      'identity 1',
      'identity 2',
      'double-append 4',
    ]);
  });

  it('keeps rooms and senders apart', () => {
    const checker = new HistoryChecker();
    for (const roomId of [1, 2]) {
      checker.received({ clientId: 'a', roomId, seq: 1, epoch: 1, senderId: 's', clientMsgId: 'x', atMs: 0 });
      checker.received({ clientId: 'a', roomId, seq: 2, epoch: 1, senderId: 't', clientMsgId: 'x', atMs: 0 });
    }
    expect(checker.check()).toEqual([]);
  });

  it('refuses senders named in some records only: violations would hide', () => {
    const checker = story().sends('x').checker;
    const receipt = { clientId: 'a', roomId: ROOM, seq: 1, epoch: 1, clientMsgId: 'x', atMs: 0 };
    expect(() => checker.received(receipt)).toThrow(TypeError);
  });

  it('excuses a range a fault was meant to destroy, and says how much', () => {
    const { checker } = story()
      .acks('x', 1)
      .acks('y', 2)
      .acks('z', 3)
      .shows('a', 'x1')
      .shows('b', 'x1 y2 z3');
    checker.excuse({ roomId: ROOM, fromSeq: 3, toSeq: 9 });
    checker.excuse({ roomId: 2, fromSeq: 1, toSeq: 9 });
    expect(checker.check()).toMatchObject([{ kind: 'lost', clientId: 'a', seq: 2, toSeq: 2, count: 1 }]);
    expect(checker.stats().excused).toBe(1);
  });

  it('counts everything, however much it lists, and can be asked again', () => {
    const told = story()
      .sends('q')
      .sends('w')
      .acks('w', 1)
      .sends('r')
      .refuses('r')
      .shows('a', 'w1')
      .shows('b', 'w1');
    for (let i = 0; i < 9; i++) told.shows('a', 'w1');
    for (let check = 0; check < 2; check++) {
      expect(told.checker.check()).toHaveLength(5);
      expect(told.checker.stats()).toMatchObject({
        sent: 3,
        acked: 1,
        refused: 1,
        unanswered: 1,
        received: 11,
        excused: 0,
      });
      expect(told.checker.stats().violations).toMatchObject({ duplicate: 9, lost: 0 });
    }
    expect(told.checker.stats().longestDeliveryGapMs).toBe(20);
  });
});
