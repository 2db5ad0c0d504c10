import { Op } from '@parley/protocol';
import type { RpcClient } from '@parley/rpc';
import { digestOf } from '@parley/service-host';
import { describe, expect, it } from 'vitest';
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

/** A connection that the user 1 has opened, in room 7, and what it has had done since. */
async function setUp() {
  const { authenticator, open, index } = setUpAuthenticator();
  const { rooms, redis } = setUpRooms();
  const done: string[] = [];
  const call = async (contract: { pattern: string }, request: Record<string, unknown>) => {
    const { userId, sends } = request as { userId?: number; sends?: { from: { userId: number } }[] };
    done.push(`${contract.pattern} ${sends?.map(({ from }) => from.userId).join() ?? userId}`);
    await Promise.resolve();
    if (contract.pattern === 'logic.admit') return { kind: 'room' };
    if (contract.pattern === 'logic.history')
      return { roomId: 7, epoch: 'e1', head: 0, more: false, messages: [] };
    return { results: sends?.map(() => ({ ok: true, ack: { roomId: 9, seq: 1, epoch: 'e1' } })) };
  };
  const rpc = stub<RpcClient>('RpcClient', {
    instanceFor: () => 'logic-1',
    call: call as unknown as RpcClient['call'],
  });
  const dispatcher = new FrameDispatcher(
    stub<GatewayConfig>('GatewayConfig', { maxOutboundBytes: 1_000 }),
    authenticator,
    rooms,
    rpc,
    stub<PresenceAnnouncer>('PresenceAnnouncer', {
      ask: (_connection, _room, what) => {
        done.push(what);
        return Promise.resolve();
      },
    }),
    new QuestionLimits(),
    stub<FrameRates>('FrameRates', { takeSend: () => 0 }),
    stub<ReadReports>('ReadReports', {
      report: ({ userId, roomId }) => {
        done.push(`read ${userId}`);
        return Promise.resolve({ roomId, seq: 1, head: 1, unread: 0 });
      },
    }),
    stub<ListWatchers>('ListWatchers', {
      watch: () => void done.push('watch'),
      nameOf: () => 'this one',
    }),
    new Admissions(rpc),
    { wait: () => Promise.reject(new Error('nobody waits here')) },
    { sent: () => undefined },
  );
  const connection = open();
  const handle = (frame: object, of = connection) => dispatcher.handle(of, JSON.stringify(frame));
  await handle({ op: Op.join, roomId: 7, authToken: '1 first 1000' });
  expect(connection.frames).toMatchObject([{ op: Op.joined, roomId: 7 }]);
  connection.writes.length = done.length = 0;
  return { connection, handle, done, rooms, redis, index, open };
}

const frames = [
  { what: 'direct', frame: { op: Op.direct, toUserId: 5, msg: 'x' } },
  { what: 'room', frame: { op: Op.room, roomId: 7, msg: 'x' } },
  { what: 'count', frame: { op: Op.count, roomId: 7 } },
  { what: 'info', frame: { op: Op.info, roomId: 7 } },
  { what: 'move', frame: { op: Op.move, roomId: 8 } },
  { what: 'join', frame: { op: Op.join, roomId: 8 } },
  { what: 'leave', frame: { op: Op.leave, roomId: 7 } },
  { what: 'history', frame: { op: Op.history, roomId: 7 } },
  { what: 'read', frame: { op: Op.read, roomId: 7, seq: 1 } },
  { what: 'watch', frame: { op: Op.watch } },
  { what: 'ping', frame: { op: Op.ping } },
  { what: 'pong', frame: { op: Op.pong } },
];
/** A later token that is not taken must not touch what the connection is. */
const asBefore = {
  tokenDigest: digestOf('1 first 1000'),
  sessionIds: ['first'],
  identity: { userId: 1, expiresAt: 1_000 },
};

describe.each(frames)('$what on a bound connection', ({ frame }) => {
  it('is refused with a bad token, and does nothing; the connection stays', async () => {
    const { connection, handle, done, rooms } = await setUp();
    await handle({ ...frame, ref: 'r', authToken: 'nonsense' });
    expect(connection.frames).toMatchObject([{ op: Op.error, code: 'UNAUTHENTICATED', ref: 'r' }]);
    expect([done, [...connection.memberships.keys()], connection.closes]).toEqual([[], [7], []]);
    expect(rooms.get(7)?.members.has(connection)).toBe(true);
    expect(connection).toMatchObject(asBefore);
  });

  it('ends the connection with the token of a session that was logged out, and does nothing', async () => {
    const { connection, handle, done } = await setUp();
    await handle({ ...frame, authToken: '1 revoked 2000' });
    expect(connection.frames).toMatchObject([{ op: Op.error, code: 'SESSION_REVOKED' }]);
    expect([done, connection.closes]).toEqual([[], [{ code: 4501, reason: 'SESSION_REVOKED' }]]);
    expect(connection).toMatchObject(asBefore);
  });

  it('extends it with a newer token of the same user', async () => {
    const { connection, handle } = await setUp();
    await handle({ ...frame, authToken: '1 second 2000' });
    expect(connection.frames.filter(({ op }) => op === Op.error)).toEqual([]);
    expect(connection).toMatchObject({
      tokenDigest: digestOf('1 second 2000'),
      identity: { userId: 1, expiresAt: 2_000 },
    });
  });

  it('leaves it its own user with the token of another', async () => {
    const { connection, handle } = await setUp();
    await handle({ ...frame, authToken: '2 other 2000' });
    expect(connection).toMatchObject(asBefore);
  });
});

describe("another user's token on a bound connection", () => {
  it.each(['move', 'join', 'leave'])(
    'is refused for a %s: it joins nothing and leaves nothing',
    async (name) => {
      const { connection, handle, done, rooms, redis } = await setUp();
      const { frame } = frames.find(({ what }) => what === name)!;
      await handle({ ...frame, authToken: '2 other 2000' });
      await settle();
      expect(connection.frames).toMatchObject([{ op: Op.error, code: 'FORBIDDEN' }]);
      expect([done, [...connection.memberships.keys()]]).toEqual([[], [7]]);
      expect([redis.users(7), redis.users(8), [...rooms.all().keys()]]).toEqual([[1], [], [7]]);
      // And nothing of what its owner gets.
      await rooms.deliver(7, [entry(7, 11)]);
      expect(connection.seen.at(-1)).toBe(11);
    },
  );

  it.each([Op.count, Op.info])('is that of somebody who has not joined: %i', async (op) => {
    const { connection, handle, done } = await setUp();
    await handle({ op, roomId: 7, authToken: '2 other 2000' });
    expect(connection.frames).toMatchObject([{ op: Op.error, code: 'NOT_JOINED' }]);
    expect(done).toEqual([]);
  });

  it('is whose a send is, or a question for history', async () => {
    const { handle, done } = await setUp();
    await handle({ op: Op.room, roomId: 7, msg: 'x', authToken: '2 other 2000' });
    await handle({ op: Op.history, roomId: 7, authToken: '2 other 2000' });
    await handle({ op: Op.room, roomId: 7, msg: 'x' });
    expect(done).toEqual(['logic.publishMany 2', 'logic.history 2', 'logic.publishMany 1']);
  });
});

describe('a connection that has shown no token', () => {
  it.each(frames)('may not send $what', async ({ what, frame }) => {
    const { handle, done, open } = await setUp();
    const stranger = open();
    await handle(frame, stranger);
    if (what === 'pong') expect(stranger.frames).toEqual([]);
    else if (what === 'ping') expect(stranger.frames).toMatchObject([{ op: Op.pong }]);
    else expect(stranger.frames).toMatchObject([{ op: Op.error, code: 'UNAUTHENTICATED' }]);
    expect([done, stranger.memberships.size, stranger.closes]).toEqual([[], 0, []]);
  });

  it.each(frames)('is closed when it shows a bad one with $what', async ({ frame }) => {
    const { handle, done, open } = await setUp();
    const stranger = open();
    await handle({ ...frame, authToken: 'nonsense' }, stranger);
    expect(stranger.frames).toMatchObject([{ op: Op.error, code: 'UNAUTHENTICATED' }]);
    expect([done, stranger.closes]).toEqual([[], [{ code: 4500, reason: 'UNAUTHENTICATED' }]]);
  });
});

describe('join, leave, join, back to back', () => {
  it('end as sent: in the room, once', async () => {
    const { connection, handle, rooms, redis } = await setUp();
    await handle({ op: Op.leave, roomId: 7 });
    connection.writes.length = 0;
    await Promise.all([
      handle({ op: Op.join, roomId: 7, ref: 1 }),
      handle({ op: Op.leave, roomId: 7, ref: 2 }),
      handle({ op: Op.join, roomId: 7, ref: 3 }),
    ]);
    await settle();
    await rooms.deliver(7, [entry(7, 11)]);
    expect(connection.frames).toMatchObject([
      { op: Op.joined, ref: 1 },
      { op: Op.leave, roomId: 7, ref: 2 },
      { op: Op.joined, ref: 3 },
      { op: Op.room, seq: 11 },
    ]);
    expect(redis.users(7)).toEqual([1]);
  });

  it('and a leave more end outside', async () => {
    const { connection, handle, rooms, redis } = await setUp();
    const [leave, join] = [
      { op: Op.leave, roomId: 7 },
      { op: Op.join, roomId: 7 },
    ];
    await Promise.all([leave, join, leave, join, leave].map((frame) => handle(frame)));
    await settle();
    await rooms.deliver(7, [entry(7, 11)]);
    expect(connection.frames.map(({ op }) => op)).toEqual([
      Op.leave,
      Op.joined,
      Op.leave,
      Op.joined,
      Op.leave,
    ]);
    expect([redis.users(7), rooms.all().size, connection.memberships.size]).toEqual([[], 0, 0]);
  });
});
