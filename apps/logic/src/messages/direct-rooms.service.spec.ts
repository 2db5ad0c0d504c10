import { AppError } from '@parley/protocol';
import { describe, expect, it, vi } from 'vitest';
import type { AccountsService } from '../accounts/accounts.service.js';
import type { RoomsRepository } from '../rooms/rooms.repository.js';
import { stub } from '../testing/stub.js';
import { DirectRoomsService } from './direct-rooms.service.js';
import type { RoomAccessService } from './room-access.service.js';

const names = new Map([
  [1, 'ada'],
  [2, 'bob'],
  [3, 'eve'],
]);

function setUp() {
  const findOrCreateDirect = vi.fn<RoomsRepository['findOrCreateDirect']>(async (a, b) => ({
    roomId: 10 * Math.min(a, b) + Math.max(a, b),
    name: '',
    kind: 'direct',
    directKey: `${Math.min(a, b)}:${Math.max(a, b)}`,
  }));
  const findByIds = vi.fn<AccountsService['findByIds']>(async (userIds) =>
    userIds.flatMap((userId) => {
      const userName = names.get(userId);
      return userName === undefined ? [] : [{ userId, userName, role: 'user' as const }];
    }),
  );
  const remember = vi.fn<RoomAccessService['remember']>((facts) => facts);
  const direct = new DirectRoomsService(
    stub<RoomsRepository>('RoomsRepository', { findOrCreateDirect }),
    stub<AccountsService>('AccountsService', { findByIds }),
    stub<RoomAccessService>('RoomAccessService', { remember }),
  );
  return { direct, findOrCreateDirect, findByIds, remember };
}
const ada = { userId: 1 };

describe('DirectRoomsService', () => {
  it("answers the room of two users, under the peer's name, and makes its facts known", async () => {
    const { direct, findOrCreateDirect, remember } = setUp();
    const facts = { roomId: 12, kind: 'direct', users: [1, 2] };
    expect(await direct.between(ada, 2)).toEqual({ ...facts, peerName: 'bob' });
    expect(findOrCreateDirect.mock.calls).toEqual([[1, 2]]);
    expect(remember.mock.calls).toEqual([[facts]]);
  });

  it('asks SQL once for each sender and peer; each of the two sees the other', async () => {
    const { direct, findOrCreateDirect } = setUp();
    expect(direct.knows(1, 2)).toBe(false);
    const first = await direct.between(ada, 2);
    expect(await direct.between(ada, 2)).toEqual(first);
    expect(direct.knows(1, 2)).toBe(true);
    expect(direct.knows(2, 1)).toBe(false);
    expect(direct.knows(1, 3)).toBe(false);
    expect(findOrCreateDirect).toHaveBeenCalledTimes(1);
    expect(await direct.between({ userId: 2 }, 1)).toMatchObject({ roomId: 12, peerName: 'ada' });
    expect(await direct.between(ada, 3)).toMatchObject({ roomId: 13, peerName: 'eve' });
  });

  it('refuses a message to oneself and to nobody, and makes no room', async () => {
    const { direct, findOrCreateDirect } = setUp();
    await expect(direct.between(ada, 1)).rejects.toMatchObject({ code: 'INVALID', fields: ['toUserId'] });
    await expect(direct.between(ada, 99)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
    expect(findOrCreateDirect).not.toHaveBeenCalled();
    expect(direct.knows(1, 99)).toBe(false);
  });

  it('says UNAVAILABLE when SQL cannot be asked, leaves codes as they are, and remembers neither', async () => {
    const { direct, findOrCreateDirect } = setUp();
    findOrCreateDirect.mockRejectedValueOnce(new Error('away'));
    await expect(direct.between(ada, 2)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    findOrCreateDirect.mockRejectedValueOnce(new AppError('OVERLOADED'));
    await expect(direct.between(ada, 2)).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(direct.knows(1, 2)).toBe(false);
    expect(await direct.between(ada, 2)).toMatchObject({ roomId: 12 });
  });

  // Rooms of another database were addressed after it had been replaced.
  it('forgets all of another database, also what was being looked up', async () => {
    const { direct, findByIds } = setUp();
    await direct.between(ada, 2);
    let answer: () => void = () => undefined;
    findByIds.mockImplementationOnce(
      () =>
        new Promise((resolve) => {
          answer = () => resolve([{ userId: 3, userName: 'eve', role: 'user' }]);
        }),
    );
    const late = direct.between(ada, 3);
    direct.forgetAll();
    answer();
    await late;
    expect([direct.knows(1, 2), direct.knows(1, 3)]).toEqual([false, false]);
  });
});
