import { Inject, Injectable } from '@nestjs/common';
import { EventBus, PresenceStore } from '@parley/redis';
import { liveAmong, REGISTRY, type Registry } from '@parley/registry';

const GATEWAYS = 'connect-gateway';

/** Removes what dead gateways left in rooms that somebody looks at. */
@Injectable()
export class LivePresenceService {
  constructor(
    @Inject(PresenceStore) private readonly presence: PresenceStore,
    @Inject(REGISTRY) private readonly registry: Registry,
    @Inject(EventBus) private readonly events: EventBus,
  ) {}

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
}
