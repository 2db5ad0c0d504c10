import type { RedisConnection } from './connections.js';
import type { RedisKeys } from './keys.js';

/** The version of the list of rooms. It grows with every change that is told; a Redis that lost it begins anew. */
export class DirectoryStore {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: RedisKeys,
  ) {}

  /** The version of what was told last; 0 before the first. */
  async version(): Promise<number> {
    return Number((await this.redis.get(this.keys.directoryVersion())) ?? 0);
  }

  /** The version of what is told next. */
  async nextVersion(): Promise<number> {
    return this.redis.incr(this.keys.directoryVersion());
  }
}
