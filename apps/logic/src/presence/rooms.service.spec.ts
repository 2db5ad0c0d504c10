import type { EventBus, PresenceStore } from '@parley/redis';
import { describe, expect, it, vi } from 'vitest';
import type { AccountsService } from '../accounts/accounts.service.js';
import type { RoomAccessService } from '../messages/room-access.service.js';
import type { RoomHeadsService } from '../messages/room-heads.service.js';
import type { RoomUseService } from '../rooms/room-use.service.js';
import type { RoomsRepository } from '../rooms/rooms.repository.js';
import { stub } from '../testing/stub.js';
import type { LivePresenceService } from './live-presence.service.js';
import type { RoomListsService } from './room-lists.service.js';
import { RoomsService } from './rooms.service.js';

const PER_MINUTE = 5;

function setUp(role: 'user' | 'admin', roomCreation: 'everyone' | 'admins' = 'everyone') {
  const create = vi.fn<RoomsRepository['create']>(async (name) => ({
    roomId: 9,
    name,
    kind: 'room',
    directKey: null,
  }));
  const renew = vi.fn();
  const service = new RoomsService(
    {
      sendBurst: 1,
      sendsPerSecond: 1,
      roomsPerUser: 50,
      roomsPerMinute: PER_MINUTE,
      roomIdleMs: 60_000,
      roomCreation,
    },
    stub<RoomsRepository>('RoomsRepository', { create }),
    stub<RoomAccessService>('RoomAccessService', {}),
    stub<RoomHeadsService>('RoomHeadsService', {}),
    stub<LivePresenceService>('LivePresenceService', {}),
    stub<PresenceStore>('PresenceStore', {}),
    stub<EventBus>('EventBus', {}),
    stub<AccountsService>('AccountsService', {
      findByIds: async ([userId]) => [{ userId: userId ?? 0, userName: 'u', role }],
    }),
    stub<RoomListsService>('RoomListsService', { renew }),
    stub<RoomUseService>('RoomUseService', {}),
  );
  return { service, create, renew };
}

describe('RoomsService.create', () => {
  it('lets a user have so many rooms, and an admin any number', async () => {
    const user = setUp('user');
    expect(await user.service.create(3, 'maths')).toEqual({
      roomId: 9,
      name: 'maths',
      kind: 'room',
      online: 0,
    });
    expect(user.create).toHaveBeenCalledWith('maths', 3, 50);
    // Whoever made it finds it in the list.
    expect(user.renew).toHaveBeenCalledOnce();
    const admin = setUp('admin');
    await admin.service.create(3, 'maths');
    expect(admin.create).toHaveBeenCalledWith('maths', 3, Infinity);
  });

  it('takes so many of one user a minute, refuses the next, and nobody else', async () => {
    const { service } = setUp('user');
    for (let i = 0; i < PER_MINUTE; i++) await service.create(3, 'room');
    const refused = expect(service.create(3, 'room')).rejects;
    await refused.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) });
    await service.create(4, 'room');
  });

  it('is for admins alone where it is set so', async () => {
    await expect(setUp('user', 'admins').service.create(3, 'room')).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    expect((await setUp('admin', 'admins').service.create(3, 'room')).roomId).toBe(9);
  });
});
