import type { RedisConnection } from './connections.js';
import type { RedisKeys } from './keys.js';
import type { PresenceStore } from './presence-store.js';
import type { LogEntry } from './room-store.js';

/** A direct message as it is in its conversation's log, and whom it concerns. */
export interface DirectMessage extends LogEntry {
  readonly roomId: number;
  readonly recipients: readonly number[];
}

/** A hint as gateways read it; the accept script writes those of rooms, without recipients. */
function hintText({ roomId, seq, epoch, recipients, body }: DirectMessage): string {
  return [roomId, seq, epoch, recipients.join(','), body].join('|');
}

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
   * Sends one; those of one conversation keep the order of the calls. Resolves when Redis has taken it.
   *
   * @throws When Redis is away: nothing is lost by that.
   */
  async send(message: DirectMessage): Promise<void> {
    const instances = new Set((await this.presence.instancesOfUsers(message.recipients)).flat());
    if (instances.size === 0) return;
    const text = hintText(message);
    const shard = this.keys.shardOf(message.roomId);
    await Promise.all([...instances].map((id) => this.redis.publish(this.keys.hints(shard, id), text)));
  }
}
