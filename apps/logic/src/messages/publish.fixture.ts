import type { Send } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import type { AcceptInput, AcceptOutcome, DirectHints, RoomStore } from '@parley/redis';
import { v7 as uuidv7 } from 'uuid';
import { vi } from 'vitest';
import type { LineService } from '../line/line.service.js';
import { stub } from '../testing/stub.js';
import type { DirectRoomsService } from './direct-rooms.service.js';
import { PublishService } from './publish.service.js';
import type { RoomAccessService } from './room-access.service.js';
import type { RoomHeadsService } from './room-heads.service.js';
import type { SentMessage } from './sent-before.service.js';

/** Who sends. */
export const from = { userId: 1, userName: 'ada' };
/** A send to room 7. */
export const send = (more: Partial<Send> = {}): Send => ({
  from,
  roomId: 7,
  text: 'hi',
  clientMsgId: uuidv7(),
  ...more,
});
const line = { generation: '1.a', streamId: '5-0' };
/** Redis has accepted it under this number. */
export const ok = (seq: number): AcceptOutcome => ({ kind: 'ok', seq, epoch: 'e1', seqsLeft: 90_000, line });
/** It was given back, to be sent alone. */
export const APART = { ok: false, code: 'UNAVAILABLE', apart: true };
/** It was given back, to be sent in a call without other rooms. */
export const ALONE = { ok: false, code: 'UNAVAILABLE', alone: true };

/** What the parts of a service answer. */
export interface Script {
  readonly outcomes?: (AcceptOutcome | Error)[];
  readonly archived?: SentMessage | Error;
  /** Rooms and conversations whose facts are not at hand. */
  readonly unknown?: readonly number[];
  readonly burst?: number;
  readonly perSecond?: number;
  /** How far Redis's clock is ahead. */
  readonly redisAheadMs?: number;
}

/**
 * A service whose parts answer what the script says, and remember what they were asked.
 *
 * @param nowMs - The wall clock; Redis's is as far ahead of it as the script says.
 */
export function publisher(script: Script, nowMs: () => number) {
  const { outcomes = [], archived, unknown = [], burst = 100, perSecond = 1 } = script;
  const accepts: AcceptInput[] = [];
  const ensure = vi.fn(() => Promise.resolve({ seq: 0, epoch: 'e1', floor: 0 }));
  const raise = vi.fn(() => Promise.resolve());
  const watch = vi.fn();
  const find = vi.fn((_: number, keys: readonly unknown[]) =>
    archived instanceof Error ? Promise.reject(archived) : Promise.resolve(keys.map(() => archived)),
  );
  const proven = vi.fn(() => Promise.resolve());
  const hint = vi.fn<DirectHints['send']>(() => Promise.reject(new Error('no Redis')));
  const authorize = vi.fn<RoomAccessService['authorize']>((_, roomId) =>
    roomId === 404
      ? Promise.reject(new AppError('ROOM_NOT_FOUND'))
      : Promise.resolve({ roomId, kind: 'room', users: undefined }),
  );
  const between = vi.fn<DirectRoomsService['between']>(() =>
    Promise.resolve({ roomId: 9, kind: 'direct', users: [1, 2], peerName: 'bob' }),
  );
  const service = new PublishService(
    {
      sendBurst: burst,
      actBurst: 10_000,
      actsPerSecond: 10_000,
      originalsKeptMs: 60_000,
      sendsPerSecond: perSecond,
      roomsPerUser: 50,
      roomsPerMinute: 30,
      roomIdleMs: 60_000,
      roomCreation: 'everyone',
    },
    stub<RoomAccessService>('RoomAccessService', {
      knows: (roomId) => !unknown.includes(roomId),
      authorize,
    }),
    stub<RoomHeadsService>('RoomHeadsService', { ensure, raise, watch }),
    stub<DirectRoomsService>('DirectRoomsService', {
      knows: (userId, toUserId) => userId !== toUserId && !unknown.includes(toUserId),
      between,
    }),
    stub<RoomStore>('RoomStore', {
      acceptAll: (inputs) => {
        accepts.push(...inputs);
        return Promise.resolve(inputs.map(() => outcomes.shift() ?? new Error('acceptAll was not expected')));
      },
    }),
    { find },
    stub<LineService>('LineService', { proven, redisNowMs: () => nowMs() + (script.redisAheadMs ?? 0) }),
    { send: hint },
  );
  const publish = async (...sends: Send[]) => service.publishMany(sends);
  const publishApart = async (...sends: Send[]) => service.publishMany(sends, { apart: true });
  const publishMixed = async (...sends: Send[]) => service.publishMany(sends, { apart: true, mixed: true });
  return {
    publish,
    publishApart,
    publishMixed,
    accepts,
    ensure,
    raise,
    watch,
    find,
    proven,
    authorize,
    between,
    hint,
  };
}

/** What the archive knows of an earlier send. */
export const archivedMessage = (msg: string): SentMessage => ({
  seq: 3,
  epoch: 'e0',
  msg,
  isAct: false,
  id: 'first-id',
  sentAt: 123,
});
