import { describe, expect, it, vi } from 'vitest';
import { entry } from './archive/entry.fixture.js';
import { LogicRpcController } from './logic.rpc-controller.js';
import type { ArchiveService } from './messages/archive.service.js';
import type { HistoryService } from './messages/history.service.js';
import type { OwnDatabaseService } from './messages/own-database.service.js';
import type { RoomHeadsService } from './messages/room-heads.service.js';
import type { UserSearchService } from './directory/user-search.service.js';
import type { PublishMetrics } from './messages/publish-metrics.js';
import type { ReadingService } from './reading/reading.service.js';
import type { RoomListsService } from './presence/room-lists.service.js';
import type { RoomsService } from './presence/rooms.service.js';
import type { RoomUseService } from './rooms/room-use.service.js';
import type { SessionsService } from './sessions/sessions.service.js';
import { stub } from './testing/stub.js';

/** Every service says what it was asked, in order. */
function setUp() {
  const calls: unknown[][] = [];
  const said = <T>(name: string, answer: T) =>
    vi.fn(async (...args: unknown[]) => {
      calls.push([name, ...args]);
      return answer;
    });
  const append = said('append', undefined);
  const isOurs = vi.fn((life: string | undefined) => life !== 'another');
  const as = <T>(service: object) => service as Partial<T>;
  const logout = said('logout', undefined);
  const controller = new LogicRpcController(
    stub<SessionsService>(
      'SessionsService',
      as({ register: said('register', 'a session'), login: said('login', 'a session'), logout }),
    ),
    stub<RoomsService>(
      'RoomsService',
      as({
        get: said('get', 'a room'),
        create: said('create', 'a room'),
        members: said('members', 'members'),
        admit: said('admit', 'admitted'),
        admitMany: said('admitMany', ['room', null]),
        announce: said('announce', undefined),
      }),
    ),
    stub<RoomListsService>(
      'RoomListsService',
      as({
        roomsFor: said('roomsFor', 'rooms'),
        conversations: said('conversations', 'conversations'),
        conversationWith: said('conversationWith', 'a conversation'),
      }),
    ),
    stub<RoomUseService>('RoomUseService', { touch: (roomIds) => void calls.push(['touch', [...roomIds]]) }),
    stub<OwnDatabaseService>(
      'OwnDatabaseService',
      as({ isOurs, publishMany: said('publishMany', ['a result']) }),
    ),
    stub<RoomHeadsService>(
      'RoomHeadsService',
      as({ outlive: said('outlive', { seq: 5, epoch: 'e1', floor: 2 }) }),
    ),
    stub<HistoryService>('HistoryService', as({ page: said('page', 'a page') })),
    stub<ArchiveService>('ArchiveService', as({ append })),
    stub<ReadingService>(
      'ReadingService',
      as({
        markMany: said('markMany', ['a state']),
        markAll: said('markAll', undefined),
        forget: said('forget', undefined),
        list: said('list', 'what is unread'),
      }),
    ),
    stub<UserSearchService>('UserSearchService', as({ find: said('find', 'users') })),
    stub<PublishMetrics>('PublishMetrics', { published: () => undefined }),
  );
  return { controller, calls, append, isOurs, logout };
}

describe('LogicRpcController', () => {
  it.each([
    ['register', { userName: 'ada', password: 'secret' }, ['register', 'ada', 'secret'], 'a session'],
    ['login', { userName: 'ada', password: 'secret' }, ['login', 'ada', 'secret'], 'a session'],
    ['logout', { userId: 3, sessionId: 's1', expiresAt: 99 }, ['logout', 3, 's1', 99], {}],
    ['listRooms', { userId: 3, limit: 10, cursor: '5-6' }, ['roomsFor', 3, 10, '5-6', undefined], 'rooms'],
    ['listRooms', { userId: 3, limit: 10, q: 'ma' }, ['roomsFor', 3, 10, undefined, 'ma'], 'rooms'],
    ['searchUsers', { userId: 3, q: 'an', limit: 5, cursor: '0-6' }, ['find', 'an', 5, '0-6'], 'users'],
    ['markRead', { reads: ['a report'] }, ['markMany', ['a report']], { results: ['a state'] }],
    ['markAllRead', { userId: 3 }, ['markAll', 3], {}],
    ['forgetRead', { userId: 3, roomId: 7 }, ['forget', 3, 7], {}],
    ['listUnread', { userId: 3 }, ['list', 3], 'what is unread'],
    ['getRoom', { userId: 3, roomId: 7 }, ['get', 3, 7], 'a room'],
    [
      'createRoom',
      { userId: 3, name: 'maths', listed: false },
      ['create', 3, 'maths', { isPrivate: true }],
      'a room',
    ],
    ['listMembers', { userId: 3, roomId: 7 }, ['members', 3, 7], 'members'],
    [
      'listConversations',
      { userId: 3, limit: 10, cursor: '5-6' },
      ['conversations', 3, 10, '5-6'],
      'conversations',
    ],
    ['listConversations', { userId: 3, limit: 10, peer: 4 }, ['conversationWith', 3, 4], 'a conversation'],
    ['admit', { userId: 3, roomId: 7 }, ['admit', 3, 7], 'admitted'],
    [
      'admitMany',
      { asks: ['an ask', 'another'] },
      ['admitMany', ['an ask', 'another']],
      { kinds: ['room', null] },
    ],
    [
      'restorePosition',
      { roomId: 7, seen: { seq: 5, epoch: 'e1' } },
      ['outlive', 7, { seq: 5, epoch: 'e1' }],
      { seq: 5, epoch: 'e1' },
    ],
    ['announce', { userId: 3, roomId: 7, what: 'count' }, ['announce', 3, 7, 'count'], {}],
    ['history', { userId: 3, roomId: 7, limit: 5 }, ['page', { userId: 3, roomId: 7, limit: 5 }], 'a page'],
    [
      'publishMany',
      { sends: ['a send'], apart: true, mixed: true },
      ['publishMany', ['a send'], { apart: true, mixed: true }],
      { results: ['a result'] },
    ],
    // An edge of 0.1 does not say, and would not know what to do with sends that are given back.
    [
      'publishMany',
      { sends: ['a send'] },
      ['publishMany', ['a send'], { apart: false, mixed: false }],
      { results: ['a result'] },
    ],
  ] as const)('%s asks its service, and answers what that says', async (method, request, asked, answer) => {
    const { controller, calls } = setUp();
    const handle = controller[method].bind(controller) as (request: unknown) => Promise<unknown>;
    expect(await handle(request)).toEqual(answer);
    expect(calls).toEqual([asked]);
  });

  it('fails to log out when that is not known everywhere', async () => {
    const { controller, logout } = setUp();
    logout.mockRejectedValueOnce(new Error('Redis is away'));
    await expect(controller.logout({ userId: 3, sessionId: 's1', expiresAt: 9 })).rejects.toThrow('away');
  });

  it('archives, then notes which rooms are in use', async () => {
    const { controller, calls, isOurs } = setUp();
    const entries = [entry(1), entry(2, { roomId: 8 })];
    expect(await controller.archive({ entries, databaseLife: 'ours' })).toEqual({});
    expect(isOurs).toHaveBeenCalledWith('ours');
    expect(calls).toEqual([
      ['append', entries],
      ['touch', [1, 8]],
    ]);
  });

  it('archives nothing of another database, and says so', async () => {
    const { controller, calls } = setUp();
    expect(await controller.archive({ entries: [entry(1)], databaseLife: 'another' })).toEqual({
      otherDatabase: true,
    });
    expect(calls).toEqual([]);
  });

  it('does not say that it has archived what SQL refuses', async () => {
    const { controller, calls, append } = setUp();
    append.mockRejectedValueOnce(new Error('locked'));
    await expect(controller.archive({ entries: [entry(1)] })).rejects.toThrow('locked');
    expect(calls).toEqual([]);
  });
});
