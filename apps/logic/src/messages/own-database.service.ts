import { Inject, Injectable } from '@nestjs/common';
import type { Send, SendResult } from '@parley/contracts';
import { DatabaseLife } from '@parley/redis';
import { DirectRoomsService } from './direct-rooms.service.js';
import { PublishService, type PublishOptions } from './publish.service.js';
import { RoomAccessService } from './room-access.service.js';

/** Keeps what is of another database away: caches, sends that waited in an edge, messages that waited for the archive. */
@Injectable()
export class OwnDatabaseService {
  constructor(
    @Inject(DatabaseLife) private readonly database: DatabaseLife,
    @Inject(PublishService) private readonly publishing: PublishService,
    @Inject(RoomAccessService) access: RoomAccessService,
    @Inject(DirectRoomsService) direct: DirectRoomsService,
  ) {
    database.onChanged(() => {
      access.forgetAll();
      direct.forgetAll();
    });
  }

  /** Whether something is of the database that Redis belongs to; what names none is not judged. */
  isOurs(life: string | undefined): boolean {
    return life === undefined || this.database.current === undefined || life === this.database.current;
  }

  /** See {@link PublishService.publishMany}. A sender of another database is `UNAUTHENTICATED`: here the id is somebody else's. */
  async publishMany(sends: readonly Send[], options?: PublishOptions): Promise<SendResult[]> {
    const ours = new Set(sends.filter(({ from }) => this.isOurs(from.databaseLife)));
    if (ours.size === sends.length) return this.publishing.publishMany(sends, options);
    const results = ours.size > 0 ? await this.publishing.publishMany([...ours], options) : [];
    const queue = results.values();
    return sends.map((send) => (ours.has(send) ? (queue.next().value ?? refused) : refused));
  }
}

const refused: SendResult = { ok: false, code: 'UNAUTHENTICATED' };
