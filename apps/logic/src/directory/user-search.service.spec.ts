import { expect, it, vi } from 'vitest';
import type { NamesRepository } from './names.repository.js';
import { UserSearchService } from './user-search.service.js';

it('gives users in pages, and of each the name and the id alone', async () => {
  const people = [1, 2, 3].map((userId) => ({ userId, userName: `u${userId}`, isPrefix: userId < 2 }));
  const findUsers = vi.fn<NamesRepository['findUsers']>(async (_, limit) => people.slice(0, limit));
  const search = new UserSearchService({ findUsers });
  expect(await search.find('u', 2)).toEqual({
    users: [
      { userId: 1, userName: 'u1' },
      { userId: 2, userName: 'u2' },
    ],
    next: '1-2',
  });
  expect(await search.find('u', 3, '1-2')).not.toHaveProperty('next');
  expect(findUsers.mock.calls).toEqual([
    ['u', 3, undefined],
    ['u', 4, { userId: 2, isPrefix: false }],
  ]);
});
