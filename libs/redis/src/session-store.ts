import type { RedisConnection } from './connections.js';
import type { RedisKeys } from './keys.js';

/** Sessions of users, and which were ended before their token expires. */
export class SessionStore {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: RedisKeys,
  ) {}

  /** Remembers a new session until its token expires. */
  async create(sessionId: string, userId: number, createdAtMs: number, expiresAtMs: number): Promise<void> {
    const key = this.keys.session(sessionId);
    await this.redis
      .pipeline()
      .hset(key, { userId, createdAt: createdAtMs, expiresAt: expiresAtMs })
      .pexpireat(key, expiresAtMs)
      .sadd(this.keys.userSessions(userId), sessionId)
      .pexpireat(this.keys.userSessions(userId), expiresAtMs)
      .exec();
  }

  /** Ends a session. Its token is refused from now on, by everyone who has read {@link revoked}. */
  async revoke(sessionId: string, userId: number, expiresAtMs: number): Promise<void> {
    await this.redis.zadd(this.keys.revoked(), expiresAtMs, sessionId);
    await this.redis
      .pipeline()
      .del(this.keys.session(sessionId))
      .srem(this.keys.userSessions(userId), sessionId)
      .exec();
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
