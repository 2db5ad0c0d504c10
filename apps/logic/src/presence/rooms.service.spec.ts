import { AppError, limits } from '@parley/protocol';
import type { EventBus, PresenceStore } from '@parley/redis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { AccountsService } from '../accounts/accounts.service.js';
import type { RoomAccessService, RoomFacts } from '../messages/room-access.service.js';
import type { RoomHeadsService } from '../messages/room-heads.service.js';
import type { RoomUseService } from '../rooms/room-use.service.js';
import type { RoomsRepository } from '../rooms/rooms.repository.js';
import { stub } from '../testing/stub.js';
import type { LivePresenceService } from './live-presence.service.js';
import type { RoomListsService } from './room-lists.service.js';
import { RoomsService } from './rooms.service.js';

const PER_MINUTE = 5;
const ROOM = 9;
const CONVERSATION = 12;
/** Would have to be read from SQL. */
const UNREAD = 13;
const MEMBER = 3;
/** May be in the room, and is not. */
const VISITOR = 4;
const STRANGER = 99;
const BANNED = 98;

function setUp(role: 'user' | 'admin' | 'guest' = 'user', roomCreation: 'everyone' | 'admins' = 'everyone') {
  const done: string[] = [];
  const create = vi.fn<RoomsRepository['create']>(async (name) => ({
    roomId: ROOM,
    name,
    kind: 'room',
    directKey: null,
  }));
  const get = vi.fn<RoomsRepository['get']>(async (roomId) => ({
    roomId,
    name: 'maths',
    kind: roomId === CONVERSATION ? 'direct' : 'room',
    directKey: null,
  }));
  const renew = vi.fn();
  const ensure = vi.fn<RoomHeadsService['ensure']>(async () => ({ seq: 0, epoch: 'e1', floor: 0 }));
  const touch = vi.fn<RoomUseService['touch']>();
  const list = vi.fn<PresenceStore['list']>(async () => {
    done.push('list');
    return { count: 1, members: [{ userId: MEMBER, userName: 'ada' }] };
  });
  const findByIds = vi.fn<AccountsService['findByIds']>(async (userIds) =>
    userIds.map((userId) => ({ userId, userName: 'u', role })),
  );
  const authorize = async (userId: number, roomId: number): Promise<RoomFacts> => {
    if (userId === STRANGER) throw new AppError('ROOM_NOT_FOUND');
    const isDirect = roomId === CONVERSATION;
    return {
      roomId,
      kind: isDirect ? 'direct' : 'room',
      users: isDirect ? [MEMBER, VISITOR] : undefined,
    };
  };
  const service = new RoomsService(
    {
      sendBurst: 1,
      actBurst: 10_000,
      actsPerSecond: 10_000,
      originalsKeptMs: 60_000,
      sendsPerSecond: 1,
      roomsPerUser: 50,
      roomsPerMinute: PER_MINUTE,
      roomIdleMs: 60_000,
      roomCreation,
    },
    stub<RoomsRepository>('RoomsRepository', { create, get }),
    stub<RoomAccessService>('RoomAccessService', {
      knows: (roomId) => roomId !== UNREAD,
      authorize,
      authorizeReader: async (userId, roomId) => {
        if (userId === BANNED) throw new AppError('BANNED', { until: 99 });
        return authorize(userId, roomId);
      },
      barred: async (asks) =>
        asks.map(({ userId }) => (userId === BANNED ? new AppError('BANNED', { until: 99 }) : undefined)),
    }),
    stub<RoomHeadsService>('RoomHeadsService', { ensure }),
    stub<LivePresenceService>('LivePresenceService', {
      connected: async (userIds) => userIds.filter((userId) => userId === VISITOR),
      clean: async (roomIds) => {
        await new Promise((resolve) => setImmediate(resolve));
        done.push(`clean ${roomIds.join()}`);
      },
    }),
    stub<PresenceStore>('PresenceStore', {
      counts: async (roomIds) => {
        done.push('count');
        return roomIds.map((roomId) => roomId * 10);
      },
      list,
      isMember: async (_, userId) => userId === MEMBER,
    }),
    stub<EventBus>('EventBus', {
      publish: async (kind, event) => void done.push(`${kind} ${JSON.stringify(event)}`),
    }),
    stub<AccountsService>('AccountsService', { findByIds }),
    stub<RoomListsService>('RoomListsService', { renew }),
    stub<RoomUseService>('RoomUseService', { touch }),
  );
  return { service, done, create, get, renew, ensure, touch, list, findByIds };
}
const notFound = { code: 'ROOM_NOT_FOUND' };

describe('RoomsService.create', () => {
  it('lets a user have so many rooms, and an admin any number', async () => {
    const user = setUp('user');
    expect(await user.service.create(3, 'maths')).toEqual({
      roomId: ROOM,
      name: 'maths',
      kind: 'room',
      online: 0,
    });
    expect(user.findByIds).toHaveBeenCalledWith([3]);
    expect(user.create).toHaveBeenCalledWith('maths', 3, { most: 50, isPrivate: false });
    // Others are told, and whoever made it finds it in the list.
    expect(user.done).toEqual([`room {"roomId":${ROOM},"created":true}`]);
    expect(user.renew).toHaveBeenCalledOnce();
    const admin = setUp('admin');
    await admin.service.create(3, 'maths');
    expect(admin.create).toHaveBeenCalledWith('maths', 3, { most: Infinity, isPrivate: false });
  });

  it('makes a private one, of which nobody is told', async () => {
    const { service, create, done, renew } = setUp('user');
    expect(await service.create(3, 'maths', { isPrivate: true })).toMatchObject({ private: true });
    expect(create).toHaveBeenCalledWith('maths', 3, { most: 50, isPrivate: true });
    expect(done).toEqual([]);
    expect(renew).not.toHaveBeenCalled();
  });

  it('takes so many of one user a minute, refuses the next, and nobody else', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { service, create } = setUp('user');
    for (let i = 0; i < PER_MINUTE; i++) await service.create(3, 'room');
    await expect(service.create(3, 'room')).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterMs: 60_000 / PER_MINUTE,
    });
    expect(create).toHaveBeenCalledTimes(PER_MINUTE);
    await service.create(4, 'room');
    vi.advanceTimersByTime(60_000 / PER_MINUTE);
    await service.create(3, 'room');
  });

  it('is for admins alone where it is set so', async () => {
    const user = setUp('user', 'admins');
    await expect(user.service.create(3, 'room')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(user.create).not.toHaveBeenCalled();
    expect((await setUp('admin', 'admins').service.create(3, 'room')).roomId).toBe(ROOM);
    // Nobody is known under that id any more.
    const gone = setUp('admin', 'admins');
    gone.findByIds.mockResolvedValueOnce([]);
    await expect(gone.service.create(3, 'room')).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('RoomsService.get', () => {
  it('answers the room with who is online, those of dead gateways left out', async () => {
    const { service, done } = setUp();
    expect(await service.get(MEMBER, ROOM)).toEqual({
      roomId: ROOM,
      name: 'maths',
      kind: 'room',
      online: 10 * ROOM,
    });
    expect(done).toEqual([`clean ${ROOM}`, 'count']);
    expect(await service.get(MEMBER, CONVERSATION)).toMatchObject({ kind: 'direct' });
  });

  it('says of a private room that it is one', async () => {
    const { service, get } = setUp();
    get.mockResolvedValueOnce({
      roomId: ROOM,
      name: 'maths',
      kind: 'room',
      directKey: null,
      isPrivate: true,
    });
    expect(await service.get(MEMBER, ROOM)).toMatchObject({ private: true });
    expect(await service.get(MEMBER, ROOM)).not.toHaveProperty('private');
  });

  it('knows no room that is closed to the user, or has gone', async () => {
    const { service, get } = setUp();
    await expect(service.get(STRANGER, ROOM)).rejects.toMatchObject(notFound);
    expect(get).not.toHaveBeenCalled();
    get.mockResolvedValueOnce(undefined);
    await expect(service.get(MEMBER, ROOM)).rejects.toMatchObject(notFound);
  });
});

describe('RoomsService.admitMany', () => {
  it('lets in who may be in rooms that are known, and leaves the rest to admit', async () => {
    const { service, ensure, touch } = setUp();
    const asks = [
      { userId: MEMBER, roomId: ROOM },
      { userId: MEMBER, roomId: CONVERSATION },
      { userId: STRANGER, roomId: CONVERSATION },
      { userId: MEMBER, roomId: UNREAD },
      { userId: VISITOR, roomId: ROOM },
      { userId: BANNED, roomId: ROOM },
    ];
    expect(await service.admitMany(asks)).toEqual(['room', 'direct', null, null, 'room', null]);
    // Looking at a conversation is not its use; and positions are the gateway's to miss.
    expect(new Set(touch.mock.calls.flatMap(([roomIds]) => [...roomIds]))).toEqual(new Set([ROOM]));
    expect(ensure).not.toHaveBeenCalled();
  });
});

describe('RoomsService.admit', () => {
  it('lets in, once the room has a position, and notes that it is in use', async () => {
    const { service, ensure, touch } = setUp();
    let made: () => void = () => undefined;
    ensure.mockImplementationOnce(
      () => new Promise((resolve) => (made = () => resolve({ seq: 0, epoch: 'e1', floor: 0 }))),
    );
    const admitting = service.admit(MEMBER, ROOM);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ensure.mock.calls).toEqual([[ROOM]]);
    expect(touch).not.toHaveBeenCalled();
    made();
    expect(await admitting).toEqual({ roomId: ROOM, kind: 'room' });
    expect(touch.mock.calls).toEqual([[[ROOM]]]);
  });

  it('keeps a banned person out, and says until when', async () => {
    const { service, touch } = setUp();
    await expect(service.admit(BANNED, ROOM)).rejects.toMatchObject({ code: 'BANNED', until: 99 });
    await expect(service.members(BANNED, ROOM)).rejects.toMatchObject({ code: 'BANNED' });
    await expect(service.announce(BANNED, ROOM, 'info')).rejects.toMatchObject({ code: 'BANNED' });
    expect(touch).not.toHaveBeenCalled();
  });

  it('does not count looking at a conversation as its use', async () => {
    const { service, touch } = setUp();
    expect(await service.admit(MEMBER, CONVERSATION)).toEqual({ roomId: CONVERSATION, kind: 'direct' });
    expect(touch).not.toHaveBeenCalled();
  });

  it('lets nobody into a closed room, and nobody into one without a position', async () => {
    const { service, ensure, touch } = setUp();
    await expect(service.admit(STRANGER, ROOM)).rejects.toMatchObject(notFound);
    expect(ensure).not.toHaveBeenCalled();
    ensure.mockRejectedValueOnce(new AppError('UNAVAILABLE'));
    await expect(service.admit(MEMBER, ROOM)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(touch).not.toHaveBeenCalled();
  });
});

describe('RoomsService.members', () => {
  it('lists as many as are listed, without those of dead gateways', async () => {
    const { service, done, list } = setUp();
    expect(await service.members(MEMBER, ROOM)).toEqual({
      count: 1,
      members: [{ userId: MEMBER, userName: 'ada' }],
    });
    expect(done).toEqual([`clean ${ROOM}`, 'list']);
    expect(list.mock.calls).toEqual([[ROOM, limits.maxListedMembers]]);
  });

  it('says of a conversation which of its two are connected, and that to them alone', async () => {
    const { service, done, list } = setUp();
    expect(await service.members(MEMBER, CONVERSATION)).toEqual({
      count: 1,
      members: [{ userId: VISITOR, userName: 'u' }],
    });
    await expect(service.members(STRANGER, CONVERSATION)).rejects.toMatchObject(notFound);
    expect([done, list.mock.calls]).toEqual([[], []]);
  });

  it('lists nobody to whom the room is closed', async () => {
    const { service, list } = setUp();
    await expect(service.members(STRANGER, ROOM)).rejects.toMatchObject(notFound);
    expect(list).not.toHaveBeenCalled();
  });
});

describe('RoomsService.presenceOf', () => {
  it('says whether somebody is connected', async () => {
    const { service } = setUp();
    expect(await service.presenceOf(VISITOR)).toEqual({ userId: VISITOR, userName: 'u', online: true });
    expect(await service.presenceOf(MEMBER)).toEqual({ userId: MEMBER, userName: 'u', online: false });
  });

  it('knows nobody who does not exist', async () => {
    const { service, findByIds } = setUp();
    findByIds.mockResolvedValue([]);
    await expect(service.presenceOf(99)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
  });

  it('knows no guests: they are of their room alone', async () => {
    const { service } = setUp('guest');
    await expect(service.presenceOf(VISITOR)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
  });
});

describe('RoomsService.announce', () => {
  it.each(['count', 'info'] as const)('asks all who hold the room to say its %s', async (what) => {
    const { service, done } = setUp();
    await service.announce(MEMBER, ROOM, what);
    expect(done).toEqual([
      `clean ${ROOM}`,
      `presence ${JSON.stringify({ roomId: ROOM, force: what, userId: MEMBER })}`,
    ]);
  });

  it('is for those who are in the room', async () => {
    const { service, done } = setUp();
    await expect(service.announce(VISITOR, ROOM, 'count')).rejects.toMatchObject({ code: 'NOT_JOINED' });
    await expect(service.announce(STRANGER, ROOM, 'count')).rejects.toMatchObject(notFound);
    expect(done).toEqual([]);
  });

  it('is for both users of a conversation, on whatever connection', async () => {
    const { service, done } = setUp();
    await service.announce(VISITOR, CONVERSATION, 'info');
    expect(done).toHaveLength(2);
  });
});
