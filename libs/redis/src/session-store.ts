import type { RedisConnection } from './connections.js';
import type { RedisKeys } from './keys.js';

/** Which sessions were ended before their token expires. Nothing is kept of the others: the token says it all. */
export class SessionStore {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: RedisKeys,
  ) {}

  /** Ends a session. Its token is refused from now on, by everyone who has read {@link revoked}. */
  async revoke(sessionId: string, expiresAtMs: number, nowMs: number): Promise<void> {
    await this.redis.zadd(this.keys.revoked(), expiresAtMs, sessionId);
    // What has expired since goes: the list is as long as there are log-outs in the life of a token.
    await this.redis.zremrangebyscore(this.keys.revoked(), 0, nowMs);
  }

  /** Revoked sessions whose tokens would still be valid; forgets the others. */
  async revoked(nowMs: number): Promise<Map<string, number>> {
    await this.redis.zremrangebyscore(this.keys.revoked(), 0, nowMs);
    const flat = await this.redis.zrange(this.keys.revoked(), 0, -1, 'WITHSCORES');
    const sessions = new Map<string, number>();
    for (let i = 0; i + 1 < flat.length; i += 2) sessions.set(flat[i] as string, Number(flat[i + 1]));
    return sessions;
  }
}
