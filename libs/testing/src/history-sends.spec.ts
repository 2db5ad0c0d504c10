import { describe, expect, it } from 'vitest';
import { HistoryChecker } from './index.js';
import { ROOM, Story, story } from './history-story.js';

/** Of one member, `a`, and with every send told. */
const fullStory = (): Story => new Story({ allSendsRecorded: true }).joins(0, 'a');

describe('HistoryChecker on the order of sends', () => {
  it.each<[string, Story]>([
    [
      'one sent after the ack of another, numbered after it',
      fullStory().sends('x').at(5).acks('x', 1).at(6).sends('y').at(9).acks('y', 2).shows('a', 'x1 y2'),
    ],
    [
      'one sent at the moment of the ack, numbered before',
      fullStory().sends('x').at(5).acks('x', 2).sends('y').at(9).acks('y', 1).shows('a', 'y1 x2'),
    ],
    [
      'two on their way together, acked in the other order',
      fullStory().sends('x').at(1).sends('y').at(5).acks('x', 2).at(6).acks('y', 1).shows('a', 'y1 x2'),
    ],
    [
      'a retry after the ack of another, of what was first sent before it',
      fullStory()
        .sends('y')
        .at(1)
        .sends('x')
        .at(5)
        .acks('x', 2)
        .at(6)
        .sends('y')
        .acks('y', 1)
        .shows('a', 'y1 x2'),
    ],
    [
      'no answer, then an ack of the retry',
      fullStory()
        .sends('x')
        .at(5)
        .sends('x')
        .at(6)
        .acks('x', 1)
        .at(7)
        .sends('y')
        .acks('y', 2)
        .shows('a', 'x1 y2'),
    ],
    [
      'attempts told in another order than they happened',
      fullStory()
        .at(6)
        .sends('y')
        .at(0)
        .sends('y')
        .sends('x')
        .at(5)
        .acks('x', 2)
        .acks('y', 1)
        .shows('a', 'y1 x2'),
    ],
    [
      'a new epoch between the two',
      fullStory()
        .sends('x')
        .acks('x', 1)
        .at(5)
        .sends('y')
        .acks('y', 1001, 'e2')
        .shows('a', 'x1')
        .shows('a', 'y1001', 'e2'),
    ],
    [
      'one of another place, where the archive does not know who sent it',
      fullStory().sends('x').acks('x', 1).at(5).sends('y').shows('a', '1 2').acks('y', 2),
    ],
    [
      'one of which the first attempt is not told, as its early receipt shows',
      story().shows('a', 'y1 x2').shows('b', 'y1 x2').at(99).sends('y').acks('y', 1),
    ],
  ])('accepts %s', (_name, { checker }) => {
    expect(checker.check()).toEqual([]);
  });

  it.each<[string, Story, string[]]>([
    [
      'one sent after the ack of another, numbered before it',
      fullStory().sends('x').at(5).acks('x', 2).at(6).sends('y').at(9).acks('y', 1).shows('a', 'y1 x2'),
      ['not-linearizable 1'],
    ],
    [
      'the same between the first ack and one repeated later',
      fullStory()
        .sends('x')
        .at(5)
        .acks('x', 2)
        .at(6)
        .sends('y')
        .at(9)
        .acks('x', 2)
        .acks('y', 1)
        .shows('a', 'y1 x2'),
      ['not-linearizable 1'],
    ],
    [
      'the same without an ack for the later one',
      fullStory().sends('x').at(5).acks('x', 2).at(6).sends('y').shows('a', 'y1 x2'),
      ['not-linearizable 1'],
    ],
    [
      'the same with a receipt for an ack',
      fullStory().joins(1, 'b').sends('x').shows('b', 'x2').at(11).sends('y').shows('a', 'y1 x2'),
      ['not-linearizable 1'],
    ],
    [
      'the same over an epoch: no number is used again',
      fullStory()
        .sends('x')
        .acks('x', 9, 'e2')
        .at(1)
        .sends('y')
        .acks('y', 1)
        .shows('a', 'y1')
        .shows('a', 'x9', 'e2'),
      ['not-linearizable 1'],
    ],
    [
      'the same where the ack is told late',
      fullStory().sends('x').at(6).sends('y').shows('a', 'y1 x2').at(5).acks('x', 2),
      ['not-linearizable 1'],
    ],
    [
      'several, the ack far above them',
      fullStory()
        .sends('x')
        .acks('x', 4)
        .at(1)
        .sends('p')
        .sends('q')
        .sends('r')
        .acks('r', 3)
        .shows('a', 'p1 q2 r3 x4'),
      ['not-linearizable 1', 'not-linearizable 2', 'not-linearizable 3'],
    ],
  ])('catches %s', (_name, told, expected) => {
    expect(told.found().sort()).toEqual(expected);
  });

  it('says after what, and by how much', () => {
    const told = story().sends('x').acks('x', 2).at(7).sends('y').acks('y', 1);
    expect(told.checker.check()).toContainEqual({
      kind: 'not-linearizable',
      roomId: ROOM,
      seq: 1,
      toSeq: 1,
      count: 1,
      detail: 'y was first sent 7 ms after seq 2 was seen',
    });
  });

  it('keeps rooms apart: each has numbers of its own', () => {
    const checker = new HistoryChecker();
    const x = { clientId: 'a', roomId: 1, clientMsgId: 'x' };
    const y = { clientId: 'a', roomId: 2, clientMsgId: 'y' };
    checker.sent({ ...x, atMs: 0 });
    checker.acked({ ...x, seq: 2, epoch: 1, atMs: 1 });
    checker.sent({ ...y, atMs: 2 });
    checker.acked({ ...y, seq: 1, epoch: 1, atMs: 3 });
    expect(checker.check()).toEqual([]);
  });
});

describe('HistoryChecker that is told every send', () => {
  it.each<[string, Story]>([
    ['a message shown at the moment it was sent', fullStory().at(10).sends('x').at(0).shows('a', 'x1')],
    ['a message without an answer', fullStory().sends('x').shows('a', 'x1')],
    ['a message from an archive that does not know its sender', fullStory().shows('a', '1')],
    ['a message nobody sent, unless it is told every send', story().shows('a', 'x1').shows('b', 'x1')],
    [
      'a receipt before the first attempt, unless it is told every send',
      story().shows('a', 'x1').shows('b', 'x1').sends('x'),
    ],
  ])('accepts %s', (_name, { checker }) => {
    expect(checker.check()).toEqual([]);
  });

  it.each<[string, Story, string[]]>([
    ['a message shown that nobody sent', fullStory().shows('a', 'x1'), ['phantom 1']],
    ['a message acked that nobody sent', fullStory().acks('x', 1).shows('a', 'x1'), ['phantom 1']],
    ['a message shown before it was sent', fullStory().shows('a', 'x1').at(11).sends('x'), ['phantom 1']],
    [
      'a message acked before it was sent',
      fullStory().acks('x', 1).at(1).sends('x').shows('a', 'x1'),
      ['phantom 1'],
    ],
    ['a message nobody sent, refused', fullStory().refuses('x').shows('a', 'x1'), ['phantom 1']],
    [
      'a message nobody sent under the number of one that was',
      fullStory().joins(0, 'b').sends('x').shows('a', 'x1').shows('b', 'y1'),
      ['identity 1', 'phantom 1'],
    ],
    [
      'a message nobody sent with two numbers',
      fullStory().shows('a', 'x1 x2'),
      ['double-append 2', 'phantom 1'],
    ],
    [
      'a message nobody sent with two contents',
      fullStory().joins(0, 'b').showsText('a', 'x1', 'hello').showsText('b', 'x1', 'hullo'),
      ['identity 1', 'phantom 1'],
    ],
  ])('catches %s', (_name, told, expected) => {
    expect(told.found().sort()).toEqual(expected);
  });

  it('says why', () => {
    const told = fullStory().sends('r').refuses('r').acks('n', 2).shows('a', 'r1 n2 e3').at(99).sends('e');
    expect(told.checker.check().map(({ detail }) => detail)).toEqual([
      'n was sent by nobody',
      'r was refused',
      'e was seen before it was sent',
    ]);
  });
});

describe('HistoryChecker where the place of a message is in dispute', () => {
  it.each<[string, Story, string[]]>([
    [
      'one of two under a number was sent late for it',
      fullStory()
        .joins(0, 'b')
        .sends('x')
        .sends('w')
        .acks('w', 2)
        .at(6)
        .sends('z')
        .shows('a', 'z1 w2')
        .shows('b', 'x1 w2'),
      ['identity 1'],
    ],
    [
      'one of two under a number was sent after the other was shown',
      fullStory().joins(0, 'b').sends('x').shows('a', 'x1').at(11).sends('z').shows('b', 'z1'),
      ['identity 1'],
    ],
    [
      'a later message is numbered before the second place of one that has two',
      fullStory().sends('x').acks('x', 1).acks('x', 3).at(6).sends('y').shows('a', 'x1 y2 x3'),
      ['double-append 3'],
    ],
  ])('names the dispute alone: %s', (_name, told, expected) => {
    expect(told.found()).toEqual(expected);
  });
});

describe('HistoryChecker on contents', () => {
  it.each<[string, Story]>([
    ['the content that was sent', fullStory().sends('x', 'hello').showsText('a', 'x1', 'hello').acks('x', 1)],
    [
      'a retry with the same',
      fullStory().sends('x', 'hello').sends('x', 'hello').showsText('a', 'x1', 'hello'),
    ],
    ['a receipt that tells no content', fullStory().sends('x', 'hello').shows('a', 'x1')],
    ['a send that tells none', fullStory().sends('x').showsText('a', 'x1', 'hello')],
    [
      'an archive that does not know who sent it',
      fullStory().sends('x', 'hello').showsText('a', '1', 'hullo'),
    ],
  ])('accepts %s', (_name, { checker }) => {
    expect(checker.check()).toEqual([]);
  });

  it.each<[string, Story, string[]]>([
    [
      'an acked message shown to all with another content',
      story().sends('x', 'hello').acks('x', 1).showsText('a', 'x1', 'hullo').showsText('b', 'x1', 'hullo'),
      ['identity 1'],
    ],
    [
      'a message without an answer, shown with another content',
      fullStory().sends('x', 'hello').showsText('a', 'x1', 'hullo'),
      ['identity 1'],
    ],
    [
      'another content for one member, once',
      story().sends('x', 'hello').showsText('a', 'x1', 'hullo').showsText('b', 'x1', 'hello'),
      ['identity 1'],
    ],
    [
      'a changed content that the archive tells, once an ack has said whose it is',
      fullStory().sends('x', 'hello').showsText('a', '1', 'hullo').acks('x', 1),
      ['identity 1'],
    ],
  ])('catches %s', (_name, told, expected) => {
    expect(told.found()).toEqual(expected);
  });

  it('refuses a retry with another content: that is another message', () => {
    expect(() => story().sends('x', 'hello').sends('x', 'hullo')).toThrow(TypeError);
  });
});

describe('HistoryChecker counting sends', () => {
  it('tells messages from attempts, and how long the first ack took after the first attempt', () => {
    const told = story().sends('w').sends('x').at(10).sends('x').at(30).acks('x', 1);
    for (let seq = 2; seq <= 100; seq++)
      told
        .at(1_000)
        .sends(`m${seq}`)
        .at(1_000 + seq)
        .acks(`m${seq}`, seq);
    told.at(5_000).acks('x', 1);
    expect(told.checker.stats()).toMatchObject({
      sent: 102,
      messages: 101,
      acked: 100,
      unanswered: 1,
      ackLatencyMs: { p50: 50, p99: 99, max: 100 },
    });
  });

  it('has no latency without a send and its ack', () => {
    const none = { p50: 0, p99: 0, max: 0 };
    expect(story().checker.stats().ackLatencyMs).toEqual(none);
    expect(story().sends('x').checker.stats().ackLatencyMs).toEqual(none);
    expect(story().acks('x', 1).checker.stats().ackLatencyMs).toEqual(none);
  });
});
