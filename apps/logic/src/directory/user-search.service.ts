import { Inject, Injectable } from '@nestjs/common';
import type { Users } from '@parley/protocol';
import { NamesRepository } from './names.repository.js';

/** Finds people by name: whoever is logged in sees what everybody's messages show, a name and its id. */
@Injectable()
export class UserSearchService {
  constructor(@Inject(NamesRepository) private readonly names: Pick<NamesRepository, 'findUsers'>) {}

  /** @param cursor - `next` of the page before. @throws {AppError} `INVALID` for a query that shows nothing. */
  async find(query: string, limit: number, cursor?: string): Promise<Users> {
    const [rank, userId] = (cursor ?? '').split('-').map(Number);
    const after = userId === undefined ? undefined : { userId, isPrefix: rank === 0 };
    const found = await this.names.findUsers(query, limit + 1, after);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      users: page.map(({ userId, userName }) => ({ userId, userName })),
      ...(found.length > limit && last && { next: `${last.isPrefix ? 0 : 1}-${last.userId}` }),
    };
  }
}
