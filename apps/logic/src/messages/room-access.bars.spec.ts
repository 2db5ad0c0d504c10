import type { EventBus } from '@parley/redis';
import { AppError, factNames } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import type { RoomsRepository } from '../rooms/rooms.repository.js';
import { stub } from '../testing/stub.js';
import { RoomAccessService } from './room-access.service.js';

const NOW_MS = 1_000;

/** Rooms whose facts are those given, `<room> <name>`; guests by user id with when they came. */
function setUp(facts: Record<string, string> = {}, guests: Record<number, number> = {}) {
  const asked: unknown[] = [];
  const state = { isAway: false };
  const service = new RoomAccessService(
    stub<RoomsRepository>('RoomsRepository', {
      get: async (roomId) => ({ roomId, name: '', kind: 'room', directKey: null }) as never,
      guestAdmittedAt: async (userId) => guests[userId],
    }),
    stub<EventBus>('EventBus', {}),
    {
      someFacts: async (asks) => {
        if (state.isAway) throw new Error('Redis is away');
        asked.push(...asks);
        return asks.map(({ roomId, names }) => names.map((name) => facts[`${roomId} ${name}`]));
      },
      nowMs: async () => NOW_MS,
    },
  );
  const codes = async (...asks: [userId: number, roomId: number][]) =>
    (await service.barred(asks.map(([userId, roomId]) => ({ userId, roomId })))).map((bar) => bar?.code);
  return { service, asked, state, codes };
}
const ban = (roomId: number, userId: number, until: number) => ({
  [`${roomId} ${factNames.banned(userId)}`]: String(until),
});
const panic = (roomId: number, since?: number) => ({
  [`${roomId} ${factNames.prior}`]: JSON.stringify({
    settings: { mode: 'everyone', slowModeWaitTime: 0, guestPolicy: 'ALWAYS_ACCEPT' },
    ...(since !== undefined && { since }),
  }),
});

describe('who may not be in a room that he may know of', () => {
  it('is banned from it, until then, and from no other', async () => {
    const { codes, service } = setUp({ ...ban(7, 1, NOW_MS + 1), ...ban(7, 2, NOW_MS) });
    expect(await codes([1, 7], [2, 7], [1, 8], [3, 7])).toEqual(['BANNED', undefined, undefined, undefined]);
    const [bar] = await service.barred([{ userId: 1, roomId: 7 }]);
    expect(bar).toBeInstanceOf(AppError);
    expect(bar).toMatchObject({ until: NOW_MS + 1, context: { roomId: 7 } });
  });

  it('is a guest who came before the panic that lasts there', async () => {
    const { codes, service } = setUp(panic(7, 500), { 1: 499, 2: 500 });
    expect(await codes([1, 7], [2, 7], [3, 7], [1, 8])).toEqual(['WAITING', undefined, undefined, undefined]);
    await expect(service.authorizeReader(1, 7)).rejects.toMatchObject({
      code: 'WAITING',
      context: { roomId: 7 },
    });
    expect(await service.authorizeReader(3, 7)).toMatchObject({ roomId: 7 });
  });

  it('is nobody in a panic that put nobody out, and nobody who has a role', async () => {
    const { codes } = setUp(
      { ...panic(7), ...panic(8, 500), [`8 ${factNames.role(1)}`]: 'speaker' },
      { 1: -1 },
    );
    expect(await codes([1, 7], [1, 8])).toEqual([undefined, undefined]);
  });

  it('is told of the ban first', async () => {
    const { codes } = setUp({ ...panic(7, 500), ...ban(7, 1, NOW_MS + 1) }, { 1: 1 });
    expect(await codes([1, 7])).toEqual(['BANNED']);
  });

  it('is not known while Redis cannot be asked', async () => {
    const { service, state } = setUp();
    state.isAway = true;
    const asks = [{ userId: 1, roomId: 7 }];
    for (const answer of [service.barred(asks), service.bans(asks)])
      await expect(answer).rejects.toMatchObject({ code: 'UNAVAILABLE', cause: new Error('Redis is away') });
  });
});

describe('until when somebody is banned', () => {
  it('is said of each who was asked about, in that order; 0 where he is not, or no more', async () => {
    const { service, asked } = setUp({
      ...ban(7, 1, NOW_MS + 5),
      ...ban(7, 2, NOW_MS),
      ...ban(8, 3, NOW_MS + 9),
    });
    const asks = [
      { userId: 1, roomId: 7 },
      { userId: 2, roomId: 7 },
      { userId: 3, roomId: 7 },
      { userId: 3, roomId: 8 },
    ];
    expect(await service.bans(asks)).toEqual([NOW_MS + 5, 0, 0, NOW_MS + 9]);
    expect(asked).toContainEqual({ roomId: 8, names: [factNames.banned(3)] });
  });

  it('is 0 of all where nobody is', async () => {
    const { service } = setUp();
    expect(await service.bans([1, 2].map((userId) => ({ userId, roomId: 7 })))).toEqual([0, 0]);
  });
});
