import type { RedisConnection } from './connections.js';
import type { RedisKeys } from './keys.js';

/** Longer than anybody's place is kept, milliseconds. */
const KEPT_MS = 86_400_000;

/** When people who wait to be let into rooms were last heard of. Who they are, and what becomes of them, is in SQL. */
export class WaitingStore {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: RedisKeys,
  ) {}

  /** People were heard of just now. */
  async heardOf(roomId: number, userIds: readonly number[]): Promise<void> {
    if (userIds.length === 0) return;
    const key = this.keys.roomWaiting(roomId);
    const nowMs = await this.nowMs();
    await this.redis.zadd(key, 'GT', ...userIds.flatMap((userId) => [nowMs, userId]));
    await this.redis.pexpire(key, KEPT_MS);
  }

  /**
   * How long ago people were last heard of, milliseconds, in the order asked. Of whom nothing is known it is now that he was: Redis
   * may have lost it, and nobody leaves a list for that.
   */
  async silences(roomId: number, userIds: readonly number[]): Promise<number[]> {
    if (userIds.length === 0) return [];
    const key = this.keys.roomWaiting(roomId);
    const nowMs = await this.nowMs();
    await this.redis.zadd(key, 'NX', ...userIds.flatMap((userId) => [nowMs, userId]));
    await this.redis.pexpire(key, KEPT_MS);
    const heard = await this.redis.zmscore(key, ...userIds.map(String));
    return heard.map((at) => Math.max(0, nowMs - Number(at ?? nowMs)));
  }

  /** They wait no more. */
  async forget(roomId: number, userIds: readonly number[]): Promise<void> {
    if (userIds.length > 0) await this.redis.zrem(this.keys.roomWaiting(roomId), ...userIds.map(String));
  }

  private async nowMs(): Promise<number> {
    const [seconds, micros] = await this.redis.time();
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  }
}
