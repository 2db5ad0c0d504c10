import type { RedisConnection } from './connections.js';
import { hintText, traceNote, type DirectHint } from './hint.js';
import type { RedisKeys } from './keys.js';
import type { PresenceStore } from './presence-store.js';

/**
 * Tells gateways of direct messages as they are accepted. Where the users of a conversation are connected is in slots of
 * their own, so the accept script cannot; a worker hands the message over all the same.
 *
 * @see docs/adr/0015-hints.md
 */
export class DirectHints {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: RedisKeys,
    private readonly presence: Pick<PresenceStore, 'instancesOfUsers'>,
  ) {}

  /**
   * Sends one, and what it is part of when it is traced; those of one conversation keep the order of the calls. Resolves when Redis has taken it.
   *
   * @throws When Redis is away: nothing is lost by that.
   */
  async send(message: DirectHint): Promise<void> {
    const instances = new Set((await this.presence.instancesOfUsers(message.recipients)).flat());
    const text = hintText(message);
    const shard = this.keys.shardOf(message.roomId);
    const { traceparent } = message;
    const note = traceparent === undefined ? undefined : traceNote({ ...message, traceparent });
    await Promise.all(
      [...instances].map((id) => {
        const channel = this.keys.hints(shard, id);
        // Not waited for: the hint goes right behind it.
        if (note !== undefined) void this.redis.publish(channel, note).catch(() => undefined);
        return this.redis.publish(channel, text);
      }),
    );
  }
}
