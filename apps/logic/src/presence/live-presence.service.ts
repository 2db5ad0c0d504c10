import { Inject, Injectable } from '@nestjs/common';
import { PresenceStore } from '@parley/redis';
import { REGISTRY, type Registry } from '@parley/registry';

const GATEWAYS = 'connect-gateway';

/** Removes what dead gateways left in rooms that somebody looks at. */
@Injectable()
export class LivePresenceService {
  constructor(
    @Inject(PresenceStore) private readonly presence: PresenceStore,
    @Inject(REGISTRY) private readonly registry: Registry,
  ) {}

  async clean(roomIds: readonly number[]): Promise<void> {
    const shares = await this.presence.instancesOfRooms(roomIds);
    const isKnown = (id: string) => this.registry.list(GATEWAYS).some(({ instanceId }) => instanceId === id);
    if (shares.flat().every(isKnown)) return;
    // The watched list may lag behind a gateway that has just started.
    await this.registry.refresh(GATEWAYS);
    for (const [i, roomId] of roomIds.entries()) {
      for (const dead of (shares[i] ?? []).filter((id) => !isKnown(id)))
        await this.presence.dropInstance(roomId, dead);
    }
  }
}
