import { messageBody } from '@parley/contracts';
import { factNames, FOREVER, Op, type RoomEvent } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { FakeConnection } from '../testing/fake-connection.js';
import { holdReads, numbers, settle, setUp as setUpRoom, turn } from '../testing/local-room.fixture.js';

const AT = 1_795_000_000_000;
/** People by user id: the first who joins is 1. */
const person = (userId: number) => ({ userId, userName: `u${userId}` });
const settings = (mode: 'everyone' | 'hosts' | 'closed'): RoomEvent => ({
  kind: 'settings',
  settings: { mode, slowModeWaitTime: 0, guestPolicy: 'ALWAYS_ACCEPT' },
});
const deleted = (from: number, to: number, more: object = {}): RoomEvent => ({
  kind: 'delete',
  range: { from, to, ...more },
  by: 'moderator',
  reason: 'spam',
});

const panic = (since?: number): RoomEvent => ({
  kind: 'panic',
  settings: { mode: 'hosts', slowModeWaitTime: 0, guestPolicy: 'ALWAYS_DENY' },
  prior: { mode: 'everyone', slowModeWaitTime: 0, guestPolicy: 'ALWAYS_ACCEPT' },
  ...(since !== undefined && { since }),
});

/** A room whose messages are by user 9 unless a test says otherwise, and whose log can be given acts. */
function setUp(position?: { seq: number; epoch: string }) {
  const all = setUpRoom(position);
  const about = { fromUserName: '', toUserId: 0, toUserName: '', roomId: 7, createTime: '' };
  let made = 0;
  const rest = () => ({ id: `i${++made}`, clientMsgId: `c${made}`, sentAt: AT });
  const act = (event: RoomEvent, epoch?: string) =>
    all.log.add(messageBody({ code: 0, op: Op.event, ...event, ...about, fromUserId: 0, ...rest() }), epoch);
  const say = (msg: string, fromUserId = 9) =>
    all.log.add(messageBody({ code: 0, op: Op.room, msg, ...about, fromUserId, ...rest() }));
  let users = 100;
  const join = (lastSeq?: number, userId = ++users, speaksParley = true) => {
    const connection = new FakeConnection(userId);
    connection.speaksParley = speaksParley;
    return all.join(lastSeq, connection);
  };
  const joinAsGuest = (lastSeq: number, userId: number) => {
    const connection = new FakeConnection(userId);
    if (connection.identity) connection.identity = { ...connection.identity, role: 'guest' };
    return all.join(lastSeq, connection);
  };
  return { ...all, act, say, join, joinAsGuest };
}
/** What somebody was shown: texts, `-7` for a tombstone in place of 7, and kinds of acts. */
const shown = ({ frames }: FakeConnection) =>
  frames.map(({ seq, msg, kind, deleted: gone }) => msg ?? kind ?? (gone ? -Number(seq) : seq));

describe('an act that hides', () => {
  it('counts for what is taken and not written yet: nobody gets the text any more', async () => {
    const { room, join, say, act } = setUp();
    const member = join();
    await settle();
    await room.deliver([say('good'), say('bad'), act(deleted(2, 2))]);
    expect(shown(member)).toEqual(['good', -2, 'delete']);
    expect(member.frames[1]).toMatchObject({ seq: 2, deleted: { by: 'moderator', reason: 'spam' } });
  });

  it.each([
    ['one person', { of: [9] }, [-1, 'b', 'delete']],
    ['everybody but one person', { except: [9] }, ['a', -2, 'delete']],
  ])('hides the messages of %s alone', async (_what, more, expected) => {
    const { room, join, say, act } = setUp();
    const member = join();
    await settle();
    await room.deliver([say('a', 9), say('b', 8), act(deleted(1, 2, more))]);
    expect(shown(member)).toEqual(expected);
  });

  it('hides the first and the last of its range, and nothing beside it', async () => {
    const { room, join, say, act } = setUp();
    const member = join();
    await settle();
    await room.deliver([say('a'), say('b'), say('c'), say('d'), act(deleted(2, 3))]);
    expect(shown(member)).toEqual(['a', -2, -3, 'd', 'delete']);
  });

  it('leaves acts in its range as they are: they are nobody’s text', async () => {
    const { room, join, say, act } = setUp();
    const member = join();
    await settle();
    await room.deliver([say('a'), act(settings('hosts')), act(deleted(1, 2))]);
    expect(shown(member)).toEqual([-1, 'settings', 'delete']);
    expect(member.frames[1]).toMatchObject(settings('hosts'));
    expect(member.frames[1]).not.toHaveProperty('deleted');
  });

  it('hides nothing that comes after it, however far its range goes', async () => {
    const { room, join, say, act } = setUp();
    const member = join();
    await settle();
    await room.deliver([say('a'), act(deleted(1, 99)), say('b')]);
    expect(shown(member)).toEqual([-1, 'delete', 'b']);
  });

  it('takes what was kept for others away: whoever comes back reads the log, where it is hidden', async () => {
    const { room, log, join, say, act } = setUp();
    join();
    await settle();
    await room.deliver([say('bad')]);
    await settle();
    await room.deliver([act(deleted(1, 1))]);
    await settle();
    expect(room.recent.after(0)).toBeUndefined();
    log.reads.length = 0;
    join(0);
    await settle();
    expect(log.reads).toEqual(['1-2']);
  });

  // It was put with the recent messages, text and all, when the last member had it: behind the act that hid it.
  it('counts for what is being written to a large room: it is not kept with its text', async () => {
    const { room, join, say, act } = setUp();
    for (let i = 0; i < 300; i++) join();
    await settle();
    const delivering = room.deliver([say('bad')]);
    await turn();
    await room.deliver([act(deleted(1, 1))]);
    await delivering;
    await settle();
    const late = join(0);
    await settle();
    expect(shown(late)).toEqual([-1, 'delete']);
  });
});

describe('the state of a room', () => {
  it('is that of its position: with every act that was taken, and none beyond', async () => {
    const { room, say, act } = setUp();
    expect(room.stateFor(1, 'member')).toMatchObject({ mode: 'everyone', role: 'member', mutedUntil: 0 });
    await room.deliver([say('a'), act(settings('hosts'))]);
    expect(room.position.seq).toBe(2);
    expect(room.stateFor(1, 'member').mode).toBe('hosts');
    await room.deliver([act({ kind: 'timeout', ...person(1), until: AT })]);
    expect(room.stateFor(1, 'member').mutedUntil).toBe(AT);
    expect(room.stateFor(2, 'guest')).toMatchObject({ mutedUntil: 0, role: 'guest', mode: 'hosts' });
  });

  it('has acts that were read from the log to fill a gap', async () => {
    const { room, say, act } = setUp();
    act(settings('closed'));
    await room.deliver([say('later')]);
    expect(room.stateFor(1, 'member').mode).toBe('closed');
  });

  it('is read anew when a range was skipped, with whatever acts were in it', async () => {
    const { room, log, readFacts, join } = setUp();
    const member = join();
    readFacts.mockResolvedValue({ facts: new Map([['mode', 'closed']]), nowMs: AT });
    log.append(600);
    await room.deliver(log.append(1));
    expect(member.seen).toEqual(['resync 1-600 gap', 601]);
    expect(room.stateFor(1, 'member').mode).toBe('closed');
  });

  it('is read anew when another epoch begins', async () => {
    const { room, readFacts, act } = setUp();
    await room.deliver([act(settings('hosts'))]);
    readFacts.mockResolvedValue({ facts: new Map(), nowMs: AT });
    await room.pullTo({ seq: 1_000, epoch: 'e2' });
    expect(room.stateFor(1, 'member').mode).toBe('everyone');
  });

  // It stayed as it was before, for everybody who joined, until the room was opened again.
  it('skips nothing as long as it cannot be read, and is tried again', async () => {
    const { room, readFacts, join } = setUp();
    const member = join();
    await settle();
    readFacts.mockRejectedValueOnce(new Error('away'));
    await expect(room.pullTo({ seq: 1_000, epoch: 'e2' })).rejects.toThrow('away');
    expect(room.position).toEqual({ seq: 0, epoch: 'e1' });
    readFacts.mockResolvedValue({ facts: new Map([['mode', 'closed']]), nowMs: AT });
    await room.pullTo({ seq: 1_000, epoch: 'e2' });
    expect(member.seen).toEqual(['resync 1-1000 epoch']);
    expect(room.stateFor(1, 'member').mode).toBe('closed');
  });
});

describe('somebody who has to leave', () => {
  // He stayed in for as long as he kept his connection, and got everything.
  it.each(['gap', 'epoch'])('goes when the act was in a range that was skipped: %s', async (why) => {
    const { room, join, log, readFacts, onPutOut } = setUp();
    const [one, other, late] = [join(0, 5), join(0, 6), join(0, 7)];
    await settle();
    const facts = new Map([
      [factNames.banned(5), String(AT + 1)],
      [factNames.banned(7), String(AT)],
    ]);
    readFacts.mockResolvedValue({ facts, nowMs: AT });
    if (why === 'epoch') await room.pullTo({ seq: 600, epoch: 'e2' });
    else {
      log.append(600);
      await room.pullTo({ seq: 600, epoch: 'e1' });
    }
    expect(onPutOut.mock.calls).toEqual([[room.roomId, one, { whom: 5, reason: 'banned', until: AT + 1 }]]);
    expect(one.seen).toEqual([]);
    // A ban that is over is none.
    for (const member of [other, late]) expect(member.seen).toEqual([`resync 1-600 ${why}`]);
  });

  // A ban leaves a fact behind; a kick left none, and who was kicked stayed.
  it('goes when he was kicked in a range that was skipped, and not for a kick of before', async () => {
    const { room, join, act, readFacts, onPutOut } = setUp();
    const kicks = [{ userId: 6, at: AT - 1 }];
    await room.deliver([act({ kind: 'kick', ...person(6), kicks })]);
    const [one] = [join(0, 5), join(0, 6)];
    await settle();
    const all = JSON.stringify([...kicks, { userId: 5, at: AT }, { userId: 8, at: AT }]);
    readFacts.mockResolvedValue({ facts: new Map([[factNames.kicks, all]]), nowMs: AT });
    await room.pullTo({ seq: 600, epoch: 'e2' });
    await room.pullTo({ seq: 700, epoch: 'e3' });
    expect(onPutOut.mock.calls).toEqual([[room.roomId, one, { whom: 5, reason: 'kicked' }]]);
  });

  it('is a guest when guests were put out in a range that was skipped, and once', async () => {
    const { room, join, joinAsGuest, readFacts, onPutOut } = setUp();
    const [guest] = [joinAsGuest(0, 5), join(0, 6)];
    await settle();
    const prior = (since: number) =>
      new Map([[factNames.prior, JSON.stringify({ mode: 'everyone', since })]]);
    readFacts.mockResolvedValue({ facts: prior(7), nowMs: AT });
    await room.pullTo({ seq: 600, epoch: 'e2' });
    expect(onPutOut.mock.calls).toEqual([[room.roomId, guest, { whom: 'guests', reason: 'lobby' }]]);
    // Whom a host has let in again.
    joinAsGuest(600, 8);
    await settle();
    await room.pullTo({ seq: 1_200, epoch: 'e3' });
    readFacts.mockResolvedValue({ facts: new Map(), nowMs: AT });
    await room.pullTo({ seq: 1_800, epoch: 'e4' });
    expect(onPutOut).toHaveBeenCalledOnce();
  });

  it('is every guest, and nobody else, in a panic', async () => {
    const { room, join, joinAsGuest, act, onPutOut } = setUp();
    const [one, other] = [joinAsGuest(0, 5), joinAsGuest(0, 6)];
    join(0, 7);
    await settle();
    await room.deliver([act(panic(1))]);
    await settle();
    const why = { whom: 'guests', reason: 'lobby' };
    expect(onPutOut.mock.calls).toEqual([
      [room.roomId, one, why],
      [room.roomId, other, why],
    ]);
  });

  it('is nobody in a panic that does not say since when, as one of before guests were put out', async () => {
    const { room, joinAsGuest, act, onPutOut } = setUp();
    joinAsGuest(0, 5);
    await settle();
    await room.deliver([act(panic())]);
    await settle();
    expect(onPutOut).not.toHaveBeenCalled();
  });

  it.each([
    ['a kick', { kind: 'kick', ...person(5) }, { reason: 'kicked' }],
    ['a kick with a reason', { kind: 'kick', ...person(5), reason: 'no' }, { reason: 'kicked', note: 'no' }],
    ['a ban', { kind: 'ban', ...person(5), until: AT }, { reason: 'banned', until: AT }],
  ] as const)('is told why: %s', async (_what, event, why) => {
    const { room, join, act, onPutOut } = setUp();
    const one = join(0, 5);
    await settle();
    await room.deliver([act(event)]);
    await settle();
    expect(onPutOut.mock.calls).toStrictEqual([[room.roomId, one, { whom: 5, ...why }]]);
  });

  it('is nobody after any other act', async () => {
    const { room, join, act, onPutOut } = setUp();
    join(0, 5);
    await settle();
    await room.deliver([act({ kind: 'timeout', ...person(5), until: AT }), act(settings('closed'))]);
    await settle();
    expect(onPutOut).not.toHaveBeenCalled();
  });

  it('goes once he has the act, with every connection of his, and nobody else', async () => {
    const { room, join, say, act, onPutOut } = setUp();
    const [one, again, other] = [join(0, 5), join(0, 5), join(0, 6)];
    await settle();
    await room.deliver([say('a'), act({ kind: 'ban', ...person(5), until: FOREVER, reason: 'no' })]);
    await settle();
    for (const connection of [one, again, other]) expect(shown(connection)).toEqual(['a', 'ban']);
    expect(onPutOut.mock.calls.map(([, connection]) => connection === one || connection === again)).toEqual([
      true,
      true,
    ]);
    expect(onPutOut.mock.calls[0]?.[2]).toEqual({ whom: 5, reason: 'banned', note: 'no', until: FOREVER });
    await room.deliver([say('b')]);
    expect(shown(one)).toEqual(['a', 'ban']);
    expect(shown(other)).toEqual(['a', 'ban', 'b']);
  });

  it('is not put out by the lifting of a ban', async () => {
    const { room, join, act, onPutOut } = setUp();
    join(0, 5);
    await settle();
    await room.deliver([act({ kind: 'ban', ...person(5), until: 0 })]);
    await settle();
    expect(onPutOut).not.toHaveBeenCalled();
  });

  it('goes although he is behind, and gets nothing more of what he is behind with', async () => {
    const { room, log, join, say, act, onPutOut } = setUp();
    const member = join(0, 5);
    await settle();
    const open = holdReads(log);
    member.bufferedBytes = 2_000;
    await room.deliver([say('a'), act({ kind: 'kick', ...person(5) })]);
    await settle();
    expect(onPutOut).toHaveBeenCalledOnce();
    open();
    member.drain();
    await settle();
    expect(shown(member)).toEqual([]);
  });
});

describe("a client of gochat's", () => {
  it('gets an announcement as a message, and nothing of other acts and of deleted texts', async () => {
    const { room, join, say, act } = setUp();
    const [plain, other] = [join(undefined, undefined, false), join()];
    await settle();
    await room.deliver([
      say('a'),
      act({ kind: 'announcement', style: 'warning', msg: 'quiet' }),
      act(settings('hosts')),
      say('bad'),
      act(deleted(4, 4)),
    ]);
    expect(plain.frames.map(({ op, msg }) => [op, msg])).toEqual([
      [Op.room, 'a'],
      [Op.room, 'quiet'],
    ]);
    expect(other.seen).toEqual(numbers(1, 5));
  });

  it('is given the same when it comes back', async () => {
    const { room, join, say, act } = setUp();
    await room.deliver([
      say('a'),
      act(settings('hosts')),
      act({ kind: 'announcement', style: 'warning', msg: 'quiet' }),
    ]);
    await settle();
    const plain = join(0, undefined, false);
    await settle();
    expect(plain.frames.map(({ op, msg }) => [op, msg])).toEqual([
      [Op.room, 'a'],
      [Op.room, 'quiet'],
    ]);
  });
});
