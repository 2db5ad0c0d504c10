import { eventually } from '@parley/testing';
import { CloseCode, limits, Op, stateFor } from '@parley/protocol';
import type { RpcClient } from '@parley/rpc';
import { describe, expect, it } from 'vitest';
import type { GatewayConfig } from '../gateway-config.js';
import { Admissions } from '../rooms/admissions.js';
import type { LocalRoom } from '../rooms/local-room.js';
import type { Membership } from '../rooms/membership.js';
import type { PresenceAnnouncer } from '../rooms/presence-announcer.js';
import type { RoomDirectory } from '../rooms/room-directory.js';
import { FakeConnection } from '../testing/fake-connection.js';
import type { ListWatchers } from '../lists/list-watchers.js';
import type { ReadReports } from '../lists/read-reports.js';
import { stub } from '../testing/stub.js';
import type { AuthenticatorService } from './authenticator.service.js';
import { FrameDispatcher } from './frame-dispatcher.js';
import { QuestionLimits, questionRate } from './question-limits.js';
import type { FrameRates } from './frame-rates.js';

/** Rooms from here on are conversations. */
const FIRST_CONVERSATION = 1_000;

function setUp({ sendWaitMs = 0 } = {}) {
  const connection = new FakeConnection(1);
  const calls: { pattern: string; answer: (response: unknown) => void }[] = [];
  const call = (contract: { pattern: string }, request: { roomId: number }) =>
    contract.pattern === 'logic.admit'
      ? Promise.resolve({ kind: request.roomId < FIRST_CONVERSATION ? 'room' : 'direct' })
      : new Promise((answer) => calls.push({ pattern: contract.pattern, answer }));
  const rpc = stub<RpcClient>('RpcClient', {
    instanceFor: () => 'logic-1',
    call: call as unknown as RpcClient['call'],
  });
  const dispatcher = new FrameDispatcher(
    stub<GatewayConfig>('GatewayConfig', { maxOutboundBytes: 1_000 }),
    stub<AuthenticatorService>('AuthenticatorService', {
      identify: ({ identity }) => Promise.resolve(identity!),
    }),
    stub<RoomDirectory>('RoomDirectory', {
      join: (to, roomId, kind) => {
        const room = stub<LocalRoom>('LocalRoom', {
          roomId,
          kind,
          epoch: 'e',
          delivered: 0,
          stateFor: () => stateFor(new Map(), 1),
          promote: () => true,
          resume: () => undefined,
        });
        const member: Membership = { connection: to, room, live: true, lastSeq: 0, catchingUp: false };
        to.memberships.set(roomId, member);
        return Promise.resolve({ member, resumed: false });
      },
      leave: (from, roomId) => void from.memberships.delete(roomId),
      get: (roomId) =>
        stub<LocalRoom>('LocalRoom', {
          members: { has: (who: FakeConnection) => who.memberships.has(roomId) } as LocalRoom['members'],
        }),
    }),
    rpc,
    stub<PresenceAnnouncer>('PresenceAnnouncer', {
      ask: (_connection, _room, what) =>
        new Promise((answer) => calls.push({ pattern: what, answer: () => answer() })),
    }),
    new QuestionLimits(),
    stub<FrameRates>('FrameRates', { takeSend: () => sendWaitMs }),
    stub<ReadReports>('ReadReports', {}),
    stub<ListWatchers>('ListWatchers', {}),
    new Admissions(rpc),
    { wait: () => Promise.reject(new Error('nobody waits here')) },
    { sent: () => undefined },
  );
  const handle = (frame: object) => dispatcher.handle(connection, JSON.stringify(frame));
  const last = () => connection.frames.at(-1);
  return { connection, calls, dispatcher, handle, last };
}

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('rooms of one connection', () => {
  it('are 64; the next join is refused, and taken after a leave', async () => {
    const { connection, handle, last } = setUp();
    for (const roomId of numbers(1, limits.maxRoomsPerConnection)) await handle({ op: Op.join, roomId });
    expect(connection.memberships.size).toBe(64);
    await handle({ op: Op.join, roomId: 65 });
    expect(last()).toMatchObject({ op: Op.error, code: 'TOO_MANY_ROOMS', roomId: 65 });
    // A room that it is in may be joined again.
    await handle({ op: Op.join, roomId: 64 });
    expect(last()).toMatchObject({ op: Op.joined, roomId: 64 });
    await handle({ op: Op.leave, roomId: 1 });
    await handle({ op: Op.join, roomId: 65 });
    expect(last()).toMatchObject({ op: Op.joined, roomId: 65 });
    expect(connection.memberships.size).toBe(64);
  });

  // A move leaves rooms but not conversations, and was not counted: moving from one to the next had no bound.
  it('are 64 also when it moves through its conversations', async () => {
    const { connection, handle, last } = setUp();
    for (const roomId of numbers(FIRST_CONVERSATION, 63)) await handle({ op: Op.move, roomId });
    for (const roomId of [1, 2, 3]) {
      await handle({ op: Op.move, roomId });
      expect(last()).toMatchObject({ op: Op.joined, roomId });
      expect(connection.memberships.size).toBe(64);
    }
    await handle({ op: Op.move, roomId: FIRST_CONVERSATION + 63 });
    expect(last()).toMatchObject({ op: Op.joined });
    for (const roomId of [4, FIRST_CONVERSATION + 64]) {
      await handle({ op: Op.move, roomId });
      expect(last()).toMatchObject({ op: Op.error, code: 'TOO_MANY_ROOMS' });
    }
    expect(connection.memberships.size).toBe(64);
  });
});

it('who comes into a room is told how it stands; a conversation stands in no way', async () => {
  const { handle, last } = setUp();
  await handle({ op: Op.join, roomId: 1 });
  expect(last()).toHaveProperty('state.mode', 'everyone');
  await handle({ op: Op.join, roomId: FIRST_CONVERSATION });
  expect(last()).toMatchObject({ op: Op.joined, roomId: FIRST_CONVERSATION });
  expect(last()).not.toHaveProperty('state');
});

describe('frames of one connection', () => {
  it('may be refused a hundred times; the next refusal ends the connection', async () => {
    const { connection, dispatcher, handle } = setUp();
    for (let i = 0; i < 100; i++) await dispatcher.handle(connection, 'rubbish');
    await handle({ op: Op.ping });
    expect(connection.closes).toEqual([]);
    await dispatcher.handle(connection, 'rubbish');
    expect(connection.closes).toEqual([{ code: 4503, reason: 'TOO_MANY_ERRORS' }]);
  });
});

// Anybody could ask, about any room, as often as he liked, and each answer was read from Redis and went to the whole room.
describe('who asks who is online', () => {
  it.each([
    { op: Op.count, what: 'count' },
    { op: Op.info, what: 'info' },
  ])('is a member, by $what', async ({ op, what }) => {
    const { calls, handle, last } = setUp();
    await handle({ op, roomId: 1 });
    expect(last()).toMatchObject({ op: Op.error, code: 'NOT_JOINED', roomId: 1 });
    await handle({ op: Op.join, roomId: 1 });
    const asked = handle({ op, roomId: 1 });
    const behindAJoin = [handle({ op: Op.join, roomId: 2 }), handle({ op, roomId: 2 })];
    await eventually(() => expect(calls.map(({ pattern }) => pattern)).toEqual([what, what]));
    for (const { answer } of calls) answer({});
    await Promise.all([asked, ...behindAJoin]);
    await handle({ op: Op.leave, roomId: 1 });
    await handle({ op, roomId: 1 });
    expect(last()).toMatchObject({ op: Op.error, code: 'NOT_JOINED', roomId: 1 });
  });

  it('is let ask ten times at once, of each room', async () => {
    const { calls, handle, last } = setUp();
    await handle({ op: Op.join, roomId: 1 });
    await handle({ op: Op.join, roomId: 2 });
    const asked = numbers(1, questionRate.burst).map(() => handle({ op: Op.info, roomId: 1 }));
    await turn();
    expect(calls).toHaveLength(10);
    await handle({ op: Op.info, roomId: 1 });
    expect(last()).toMatchObject({ op: Op.error, code: 'RATE_LIMITED', roomId: 1, retryable: true });
    asked.push(handle({ op: Op.info, roomId: 2 }));
    await turn();
    expect(calls).toHaveLength(11);
    for (const { answer } of calls) answer({});
    await Promise.all(asked);
  });
});

// Every send of a flood was validated, and cost logic a call, before it was refused.
it('refuses a send of a flood before it looks at it, and says which one', async () => {
  const { calls, handle, last, connection } = setUp({ sendWaitMs: 250 });
  await handle({ op: Op.room, msg: 5, roomId: 'nonsense', ref: 'r', clientMsgId: 'c' });
  expect(last()).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 250, ref: 'r', clientMsgId: 'c' });
  await handle({ op: Op.ping });
  expect(last()).toMatchObject({ op: Op.pong });
  expect(calls).toEqual([]);
  expect(connection.refusals).toBe(0);
});

// It became somebody's message with U+FFFD in it.
it('refuses what is no UTF-8', async () => {
  const { dispatcher, connection, last } = setUp();
  await dispatcher.handle(connection, undefined);
  expect(last()).toMatchObject({ op: Op.error, code: 'BAD_JSON' });
  expect(connection.refusals).toBe(1);
});

// Sixty-four people who had written to somebody kept that person out of every room.
it('does not count conversations that others have opened', async () => {
  const { connection, handle, last } = setUp();
  for (const roomId of numbers(FIRST_CONVERSATION, 64)) {
    const room = stub<LocalRoom>('LocalRoom', { roomId, kind: 'direct' });
    connection.memberships.set(roomId, { room, byMessage: true });
  }
  for (const roomId of numbers(1, 64)) await handle({ op: Op.join, roomId });
  expect(last()).toMatchObject({ op: Op.joined, roomId: 64 });
  await handle({ op: Op.join, roomId: 65 });
  expect(last()).toMatchObject({ code: 'TOO_MANY_ROOMS' });
});

// For as long as the peer took to answer a close, a session that was logged out could go on sending.
it('does nothing with a frame that comes after the connection was closed', async () => {
  const { connection, calls, handle } = setUp();
  await handle({ op: Op.join, roomId: 1 });
  connection.close(CloseCode.sessionRevoked, 'SESSION_REVOKED');
  const before = connection.frames.length;
  await handle({ op: Op.room, roomId: 1, msg: 'too late' });
  await handle({ op: Op.ping });
  expect(calls).toEqual([]);
  expect(connection.frames).toHaveLength(before);
});
