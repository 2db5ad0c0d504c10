import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { HealthRegistry } from '@parley/observability';
import { REPLICATED_LANE, type ReplicatedLane } from '@parley/redis';

/**
 * Watches whether messages can be kept where they must be before their ack: ready means that they can. A process starts
 * all the same, because a replica may just be starting, too; history and log-in need none.
 */
@Injectable()
export class AckLevelService implements OnApplicationBootstrap {
  private readonly logger = new Logger(AckLevelService.name);

  constructor(
    @Inject(REPLICATED_LANE) private readonly lane: Pick<ReplicatedLane, 'check' | 'level'> | undefined,
    @Inject(HealthRegistry) private readonly health: HealthRegistry,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { lane } = this;
    if (!lane) return;
    this.health.register('acks', () => lane.check());
    const reason = await lane.check();
    if (reason !== true) this.logger.warn({ ...lane.level, reason }, 'sends will not be acknowledged');
  }
}
