import { Op, stateFor } from '@parley/protocol';
import type { RpcClient } from '@parley/rpc';
import { digestOf } from '@parley/service-host';
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
import { QuestionLimits } from './question-limits.js';
import type { FrameRates } from './frame-rates.js';

/** Something that waits until it is let go. */
function held() {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  return { released, release: () => release() };
}

/** A connection that has said nothing yet, Redis that is slow to hear of its user, and logic that is slow to admit. */
function setUp() {
  const connection = new FakeConnection(1);
  const { identity } = connection;
  connection.identity = undefined;
  const redis = held();
  const admitted = held();
  const accepted: string[] = [];
  const rpc = stub<RpcClient>('RpcClient', {
    instanceFor: () => 'logic-1',
    call: (async (contract: { pattern: string }, request: Request) => {
      if (contract.pattern === 'logic.admit') {
        await admitted.released;
        return { kind: 'room' };
      }
      if (contract.pattern === 'logic.history')
        return { roomId: request.roomId, epoch: 'e', head: 0, more: false, messages: [] };
      for (const { roomId, toUserId, text } of request.sends)
        accepted.push(`${roomId ?? `@${toUserId}`} ${text}`);
      return { results: request.sends.map(() => ({ ok: true, ack: { roomId: 9, seq: 1, epoch: 'e' } })) };
    }) as unknown as RpcClient['call'],
  });
  const dispatcher = new FrameDispatcher(
    stub<GatewayConfig>('GatewayConfig', { maxOutboundBytes: 1_000 }),
    stub<AuthenticatorService>('AuthenticatorService', {
      identify: async (from, token) => {
        if (from.identity) return from.identity;
        expect(token).toBe('t');
        from.identity = identity;
        from.tokenDigest = digestOf(token ?? '');
        await redis.released;
        return identity!;
      },
    }),
    stub<RoomDirectory>('RoomDirectory', {
      get: () => undefined,
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
    }),
    rpc,
    stub<PresenceAnnouncer>('PresenceAnnouncer', {}),
    new QuestionLimits(),
    stub<FrameRates>('FrameRates', { takeSend: () => 0 }),
    stub<ReadReports>('ReadReports', {}),
    stub<ListWatchers>('ListWatchers', {}),
    new Admissions(rpc),
    { wait: () => Promise.reject(new Error('nobody waits here')) },
    { sent: () => undefined },
  );
  const handle = (frame: object) => dispatcher.handle(connection, JSON.stringify(frame));
  return { connection, redis, admitted, accepted, handle };
}

interface Request {
  readonly roomId: number;
  readonly sends: { roomId?: number; toUserId?: number; text: string }[];
}

const turns = async () => {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
};
const authToken = 't';
const send = (msg: string, more: object = { roomId: 7 }) => ({ op: Op.room, msg, ...more });

describe('sends of one connection are accepted in the order sent', () => {
  // The first send waited for Redis to hear of its user; the second, with the user known by then, overtook it.
  it.each([
    { what: 'to a room', to: { op: Op.room, roomId: 7 }, name: '7' },
    { what: 'to a user', to: { op: Op.direct, toUserId: 5 }, name: '@5' },
  ])('$what, right behind the first frame of a connection that has not joined', async ({ to, name }) => {
    const { handle, redis, accepted } = setUp();
    const sent = [
      handle({ ...to, msg: '1', authToken }),
      handle({ ...to, msg: '2', authToken }),
      handle({ ...to, msg: '3' }),
    ];
    await turns();
    expect(accepted).toEqual([]);
    redis.release();
    await Promise.all(sent);
    expect(accepted).toEqual([`${name} 1`, `${name} 2`, `${name} 3`]);
  });

  it('when the first frame is a question of another kind', async () => {
    const { connection, handle, redis, accepted } = setUp();
    const asked = [
      handle({ op: Op.history, roomId: 8, authToken }),
      handle(send('1')),
      handle({ op: Op.direct, toUserId: 5, msg: '2' }),
    ];
    redis.release();
    await Promise.all(asked);
    expect(accepted).toEqual(['7 1', '@5 2']);
    expect(connection.frames.filter(({ op }) => op === Op.error)).toEqual([]);
  });

  // It went to the room joined before, in front of what was sent to the new one.
  it('behind a second join, to the room that the join is about', async () => {
    const { handle, redis, admitted, accepted } = setUp();
    redis.release();
    admitted.release();
    await handle({ op: Op.join, roomId: 6, authToken });
    const sent = [
      handle({ op: Op.join, roomId: 7 }),
      handle(send('1', {})),
      handle(send('2')),
      handle(send('3', {})),
      handle(send('4')),
    ];
    await Promise.all(sent);
    expect(accepted).toEqual(['7 1', '7 2', '7 3', '7 4']);
  });

  it('and what is about another room does not wait for a join', async () => {
    const { handle, redis, admitted, accepted } = setUp();
    redis.release();
    await handle(send('0', { roomId: 6, authToken }));
    const joining = handle({ op: Op.join, roomId: 7 });
    const waiting = handle(send('2'));
    await Promise.all([handle(send('1', { roomId: 6 })), handle(send('3', { roomId: 6 }))]);
    expect(accepted).toEqual(['6 0', '6 1', '6 3']);
    admitted.release();
    await Promise.all([joining, waiting]);
    expect(accepted).toEqual(['6 0', '6 1', '6 3', '7 2']);
  });

  it('after one that was refused', async () => {
    const { connection, handle, redis, accepted } = setUp();
    redis.release();
    await Promise.all([
      handle(send('1', { roomId: 7, authToken })),
      handle(send('2', {})),
      handle(send('3')),
    ]);
    expect(accepted).toEqual(['7 1', '7 3']);
    expect(connection.frames).toContainEqual(expect.objectContaining({ op: Op.error, code: 'NOT_JOINED' }));
  });
});
