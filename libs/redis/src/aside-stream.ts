import { AppError } from '@parley/protocol';
import type { RedisConnection } from './connections.js';
import type { RedisKeys } from './keys.js';

/** Entries kept here at the most. It is the last resort: whoever looks after Parley empties it. */
export const MAX_ASIDE_ENTRIES = 10_000;
const FULL_RETRY_MS = 5_000;

/** Accepted messages that SQL does not take in any form, and stream entries that nobody can read: kept in Redis as they are. */
export class AsideStream {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: RedisKeys,
  ) {}

  /**
   * Keeps an entry; nothing of it is changed or read.
   *
   * @throws {AppError} `OVERLOADED` when it is full.
   */
  async keep(reason: string, entry: unknown): Promise<void> {
    const key = this.keys.aside();
    if ((await this.redis.xlen(key)) >= MAX_ASIDE_ENTRIES)
      throw new AppError('OVERLOADED', { retryAfterMs: FULL_RETRY_MS });
    await this.redis.xadd(key, '*', 'reason', reason, 'entry', JSON.stringify(entry));
  }
}
