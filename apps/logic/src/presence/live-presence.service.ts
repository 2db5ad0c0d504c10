import { Inject, Injectable } from '@nestjs/common';
import { EventBus, PresenceStore } from '@parley/redis';
import { liveAmong, REGISTRY, type Registry } from '@parley/registry';

const GATEWAYS = 'connect-gateway';
/** Shares removed in one sweep; what is left is removed by the next one. */
const MAX_PER_SWEEP = 1_000;
/** … and of those at a time: each is a script in Redis. */
const AT_A_TIME = 100;

/** Removes what dead gateways left in rooms. */
@Injectable()
export class LivePresenceService {
  constructor(
    @Inject(PresenceStore) private readonly presence: PresenceStore,
    @Inject(REGISTRY) private readonly registry: Registry,
    @Inject(EventBus) private readonly events: EventBus,
  ) {}

  private sweeping: Promise<void> | undefined;

  /** Every room, whoever looks at it: a command per shard, and what dead gateways left. One at a time. */
  sweep(): Promise<void> {
    return (this.sweeping ??= this.removeDead().finally(() => (this.sweeping = undefined)));
  }

  /** These rooms, because somebody looks at them. */
  async clean(roomIds: readonly number[]): Promise<void> {
    const shares = await this.presence.instancesOfRooms(roomIds);
    const live = await liveAmong(this.registry, GATEWAYS, new Set(shares.flat()));
    for (const [i, roomId] of roomIds.entries()) {
      const dead = (shares[i] ?? []).filter((id) => !live.has(id));
      for (const instanceId of dead) await this.presence.dropInstance(roomId, instanceId);
      // Those who are still in the room have not heard of it: whoever cleans up tells them.
      if (dead.length > 0) await this.events.publish('presence', { roomId });
    }
  }

  /** Which of these users have a connection to a gateway that lives. */
  async connected(userIds: readonly number[]): Promise<number[]> {
    const shares = await this.presence.instancesOfUsers(userIds);
    const live = await liveAmong(this.registry, GATEWAYS, new Set(shares.flat()));
    return userIds.filter((_, i) => shares[i]?.some((instanceId) => live.has(instanceId)));
  }

  private async removeDead(): Promise<void> {
    const holders = await this.presence.holders();
    const live = await liveAmong(
      this.registry,
      GATEWAYS,
      new Set(holders.map(({ instanceId }) => instanceId)),
    );
    let left = MAX_PER_SWEEP;
    for (const { instanceId, shard } of holders) {
      while (left > 0 && !live.has(instanceId)) {
        const roomIds = await this.presence.roomsOn(shard, instanceId, Math.min(left, AT_A_TIME));
        if (roomIds.length === 0) break;
        left -= roomIds.length;
        await Promise.all(
          roomIds.map(async (roomId) => {
            await this.presence.dropInstance(roomId, instanceId);
            await this.events.publish('presence', { roomId });
          }),
        );
      }
    }
  }
}
