import { AppError, limits, Op } from '@parley/protocol';
import type { RpcClient } from '@parley/rpc';
import { describe, expect, it, vi } from 'vitest';
import type { GatewayConfig } from '../gateway-config.js';
import { Admissions } from '../rooms/admissions.js';
import type { PresenceAnnouncer } from '../rooms/presence-announcer.js';
import { setUpAuthenticator } from '../testing/authenticator.fixture.js';
import { entry } from '../testing/fake-room-log.js';
import { settle } from '../testing/local-room.fixture.js';
import { setUpRooms } from '../testing/room-directory.fixture.js';
import type { ListWatchers } from '../lists/list-watchers.js';
import type { ReadReports } from '../lists/read-reports.js';
import { stub } from '../testing/stub.js';
import { FrameDispatcher } from './frame-dispatcher.js';
import type { FrameRates } from './frame-rates.js';
import { QuestionLimits } from './question-limits.js';

const FIRST_CONVERSATION = 1_000;
const ack = { roomId: 7, seq: 11, epoch: 'e1', id: 'i', clientMsgId: 'c', sentAt: 5, duplicate: false };
type Call = [pattern: string, request: Record<string, unknown>, options: unknown];

/** A connection of user 1 that has not joined, over rooms that are real. */
async function setUp() {
  const { authenticator, open } = setUpAuthenticator();
  const { rooms, redis } = setUpRooms();
  const calls: Call[] = [];
  const answers = new Map<string, () => unknown>([
    ['logic.history', () => ({ roomId: 7, epoch: 'e1', head: 3, more: false, messages: ['{"seq":3}'] })],
    ['logic.publishMany', () => ({ results: [{ ok: true, ack }] })],
  ]);
  const announcer = { ask: vi.fn<PresenceAnnouncer['ask']>(() => Promise.resolve()) };
  const report = vi.fn<ReadReports['report']>(async ({ roomId, seq }) => ({
    roomId,
    seq,
    head: 12,
    unread: 12 - seq,
  }));
  const watch = vi.fn<ListWatchers['watch']>();
  const rpc = stub<RpcClient>('RpcClient', {
    instanceFor: () => 'logic-1',
    call: (async ({ pattern }: { pattern: string }, request: Record<string, unknown>, options: unknown) => {
      calls.push([pattern, request, options]);
      await Promise.resolve();
      if (pattern === 'logic.admit')
        return { kind: Number(request['roomId']) < FIRST_CONVERSATION ? 'room' : 'direct' };
      return answers.get(pattern)?.();
    }) as unknown as RpcClient['call'],
  });
  const dispatcher = new FrameDispatcher(
    stub<GatewayConfig>('GatewayConfig', { maxOutboundBytes: 1_000 }),
    authenticator,
    rooms,
    rpc,
    stub<PresenceAnnouncer>('PresenceAnnouncer', announcer),
    new QuestionLimits(),
    stub<FrameRates>('FrameRates', { takeSend: () => 0 }),
    stub<ReadReports>('ReadReports', { report }),
    stub<ListWatchers>('ListWatchers', { watch, nameOf: () => 'this one' }),
    new Admissions(rpc),
    { wait: () => Promise.reject(new Error('nobody waits here')) },
    { sent: () => undefined },
  );
  const connection = open();
  const handle = (frame: object) => dispatcher.handle(connection, JSON.stringify(frame));
  await handle({ op: Op.ping, authToken: '1 s 100 a' });
  connection.writes.length = 0;
  const sends = () =>
    calls.filter(([pattern]) => pattern === 'logic.publishMany').map(([, request]) => request);
  return { connection, handle, calls, answers, rooms, redis, announcer, sends, report, watch };
}

describe('a join is answered', () => {
  it('with where it begins, and who has joined, before the first message', async () => {
    const { connection, handle, calls, rooms } = await setUp();
    await handle({ op: Op.join, roomId: 7, ref: 'r' });
    await rooms.deliver(7, [entry(7, 11)]);
    const joined = { op: Op.joined, roomId: 7, epoch: 'e1', seq: 10, head: 10, resumed: false };
    expect(connection.frames).toEqual([
      { ...joined, userId: 1, userName: 'u1', ref: 'r', state: expect.objectContaining({ role: 'member' }) },
      { op: 3, msg: 'm11', seq: 11, epoch: 'e1' },
    ]);
    expect(calls).toEqual([['logic.admit', { userId: 1, roomId: 7 }, { key: 7 }]]);
  });

  it('with what was missed behind it', async () => {
    const { connection, handle, redis } = await setUp();
    redis.log.append(10);
    await handle({ op: Op.join, roomId: 7, lastSeq: 8, epoch: 'e1' });
    await settle();
    expect(connection.frames).toMatchObject([
      { op: Op.joined, seq: 8, head: 10, resumed: true },
      { seq: 9 },
      { seq: 10 },
    ]);
  });

  it('with a head that is not below where it begins', async () => {
    const { connection, handle } = await setUp();
    await handle({ op: Op.join, roomId: 7, lastSeq: 15, epoch: 'e1' });
    expect(connection.frames).toMatchObject([{ op: Op.joined, seq: 15, head: 15, resumed: true }]);
  });

  it.each([{ lastSeq: 8 }, { epoch: 'e1' }])(
    'as a fresh one when it names half a position: %j',
    async (half) => {
      const { connection, handle } = await setUp();
      await handle({ op: Op.join, roomId: 7, ...half });
      expect(connection.frames).toMatchObject([{ op: Op.joined, seq: 10, resumed: false }]);
    },
  );

  it('and adds a room; a move leaves all others, but no conversation', async () => {
    const { connection, handle, rooms } = await setUp();
    for (const roomId of [7, 8, FIRST_CONVERSATION]) await handle({ op: Op.join, roomId });
    expect([...connection.memberships.keys()]).toEqual([7, 8, FIRST_CONVERSATION]);
    await handle({ op: Op.move, roomId: 8 });
    expect([...connection.memberships.keys()].sort()).toEqual([FIRST_CONVERSATION, 8]);
    await settle();
    expect([...rooms.all().keys()]).toEqual([8, FIRST_CONVERSATION]);
  });
});

describe('a send is given to logic', () => {
  it('with who sends it, what and where, and its id; the ack is answered', async () => {
    const { connection, handle, sends } = await setUp();
    await handle({ op: Op.room, roomId: 7, msg: 'hello', clientMsgId: 'c', ref: 5 });
    const from = { userId: 1, userName: 'u1', databaseLife: 'a' };
    expect(sends()).toMatchObject([{ sends: [{ from, text: 'hello', clientMsgId: 'c', roomId: 7 }] }]);
    expect(connection.frames).toEqual([{ op: Op.ack, ...ack, ref: 5 }]);
  });

  it('with an id of its own when it has none, to the room joined last when it names none, or to a user', async () => {
    const { handle, sends } = await setUp();
    await handle({ op: Op.join, roomId: 7 });
    await handle({ op: Op.join, roomId: 8 });
    await handle({ op: Op.room, msg: 'a' });
    await handle({ op: Op.room, msg: 'b' });
    await handle({ op: Op.direct, toUserId: 5, msg: 'c' });
    const [a, b, c] = sends().flatMap((request) => request['sends'] as Record<string, unknown>[]);
    expect([a, b]).toMatchObject([{ roomId: 8 }, { roomId: 8 }]);
    expect(c).toMatchObject({ toUserId: 5, text: 'c' });
    expect(c).not.toHaveProperty('roomId');
    expect(new Set([a, b, c].map((send) => send?.['clientMsgId'])).size).toBe(3);
    expect(a?.['clientMsgId']).toMatch(/^[\da-f]{8}-[\da-f]{4}-7/);
  });

  it('and is expected here once it is accepted', async () => {
    const { handle, rooms } = await setUp();
    await handle({ op: Op.join, roomId: 7 });
    const expected = vi.spyOn(rooms.get(7)!, 'expect');
    await handle({ op: Op.room, roomId: 7, msg: 'a' });
    expect(expected.mock.calls).toEqual([[ack]]);
    rooms.get(7)?.close();
  });

  it('and its refusal says which one it was', async () => {
    const { connection, handle, answers } = await setUp();
    answers.set('logic.publishMany', () => ({ results: [{ ok: false, code: 'ROOM_NOT_FOUND' }] }));
    await handle({ op: Op.room, roomId: 9, msg: 'a', clientMsgId: 'c', ref: 1 });
    expect(connection.frames).toMatchObject([
      { op: Op.error, code: 'ROOM_NOT_FOUND', roomId: 9, clientMsgId: 'c', ref: 1 },
    ]);
    expect(connection.refusals).toBe(1);
  });

  it('and may be refused for a time as often as it takes', async () => {
    const { connection, handle, answers } = await setUp();
    answers.set('logic.publishMany', () => {
      throw new AppError('UNAVAILABLE');
    });
    for (let i = 0; i < 3; i++) await handle({ op: Op.room, roomId: 7, msg: 'a' });
    expect(connection.frames).toMatchObject(Array.from({ length: 3 }, () => ({ code: 'UNAVAILABLE' })));
    expect(connection.refusals).toBe(0);
  });
});

// The answer came a turn later, when a bad frame of the same chunk had ended the connection.
it('a ping without a token is answered before what comes right behind it', async () => {
  const { connection, handle } = await setUp();
  const handled = handle({ op: Op.ping, ref: 'first' });
  expect(connection.frames).toEqual([{ op: Op.pong, ref: 'first' }]);
  await handled;
});

describe('a page of history', () => {
  it('is asked for as it was asked for, and no larger than a frame holds', async () => {
    const { connection, handle, calls } = await setUp();
    await handle({ op: Op.history, roomId: 7, after: 2, before: 9, limit: 3, ref: 'h' });
    await handle({ op: Op.history, roomId: 7 });
    expect(calls.map(([, request]) => request)).toEqual([
      { userId: 1, roomId: 7, after: 2, before: 9, limit: 3, maxBytes: 28_000 },
      { userId: 1, roomId: 7, limit: limits.maxHistoryPage, maxBytes: 28_000 },
    ]);
    expect(connection.frames[0]).toMatchObject({ op: Op.history, ref: 'h', head: 3, messages: [{ seq: 3 }] });
  });

  it('is asked for when the one before was answered, or failed, and the socket has taken that', async () => {
    const { connection, handle, calls, answers } = await setUp();
    let fail: (error: Error) => void = () => undefined;
    const page = answers.get('logic.history')!;
    answers.set('logic.history', () => new Promise((_, reject) => (fail = reject)));
    let taken: () => void = () => undefined;
    const whenTaken = vi.spyOn(connection, 'whenTaken');
    const first = handle({ op: Op.history, roomId: 7, ref: 1 });
    const second = handle({ op: Op.history, roomId: 8, ref: 2 });
    await settle();
    expect(calls).toHaveLength(1);
    whenTaken.mockImplementation(() => new Promise((resolve) => (taken = resolve)));
    answers.set('logic.history', page);
    fail(new AppError('UNAVAILABLE'));
    await first;
    await settle();
    expect([calls.length, whenTaken.mock.calls]).toEqual([1, [[1_000], [1_000]]]);
    taken();
    await second;
    expect(connection.frames).toMatchObject([
      { op: Op.error, ref: 1 },
      { op: Op.history, ref: 2 },
    ]);
  });
});

describe('a question for who is online', () => {
  it('is about the room that was joined last when it names none', async () => {
    const { connection, handle, announcer, rooms } = await setUp();
    await handle({ op: Op.count });
    expect(connection.frames).toMatchObject([{ op: Op.error, code: 'NOT_JOINED' }]);
    await handle({ op: Op.join, roomId: 7 });
    await handle({ op: Op.count });
    await handle({ op: Op.info, roomId: 7 });
    expect(announcer.ask.mock.calls).toEqual([
      [connection, rooms.get(7), 'count'],
      [connection, rooms.get(7), 'info'],
    ]);
  });

  it('that cannot be read may be asked again', async () => {
    const { connection, handle, announcer } = await setUp();
    await handle({ op: Op.join, roomId: 7 });
    announcer.ask.mockRejectedValueOnce(new Error('away'));
    await handle({ op: Op.info, roomId: 7 });
    expect(connection.frames.at(-1)).toMatchObject({ op: Op.error, code: 'UNAVAILABLE', retryable: true });
  });
});

it('who has sent an opcode of Parley’s answers pings, gochat’s clients do not', async () => {
  const { connection, handle } = await setUp();
  connection.answersPings = false;
  await handle({ op: Op.move, roomId: 7 });
  await handle({ op: Op.room, roomId: 7, msg: 'a' });
  expect(connection.answersPings).toBe(false);
  await handle({ op: Op.join, roomId: 7 });
  expect(connection.answersPings).toBe(true);
});

describe('a read position', () => {
  it('is answered with where the user stands, once that is kept', async () => {
    const { connection, handle, report } = await setUp();
    await handle({ op: Op.read, roomId: 7, seq: 9, ref: 'r' });
    expect(report.mock.calls).toEqual([[{ userId: 1, roomId: 7, seq: 9, by: 'this one' }]]);
    expect(connection.frames).toEqual([{ op: Op.read, roomId: 7, seq: 9, head: 12, unread: 3, ref: 'r' }]);
  });

  it('that the room has not come to is refused', async () => {
    const { connection, handle, report } = await setUp();
    report.mockRejectedValueOnce(new AppError('INVALID', { fields: ['seq'] }));
    await handle({ op: Op.read, roomId: 7, seq: 99, ref: 'r' });
    expect(connection.frames).toMatchObject([
      { op: Op.error, code: 'INVALID', fields: ['seq'], ref: 'r', roomId: 7 },
    ]);
  });

  it.each([{ seq: -1 }, { seq: 1.5 }, { seq: 'x' }, {}, { seq: 1, roomId: 'x' }, { seq: 1, roomId: 0 }])(
    'that is none, such as %j, is refused without asking anybody',
    async (fields) => {
      const { connection, handle, report } = await setUp();
      await handle({ op: Op.read, roomId: 7, ...fields });
      expect(connection.frames).toMatchObject([{ op: Op.error, code: 'INVALID' }]);
      expect(report).not.toHaveBeenCalled();
    },
  );
});

it('watches the lists for whoever asks', async () => {
  const { connection, handle, watch } = await setUp();
  await handle({ op: Op.watch, ref: 4 });
  expect(watch.mock.calls).toEqual([[connection, 4]]);
});
