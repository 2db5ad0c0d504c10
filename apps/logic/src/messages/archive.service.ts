import { Inject, Injectable } from '@nestjs/common';
import type { DispatchEntry } from '@parley/contracts';
import { AsideStream, RoomStore } from '@parley/redis';
import { ArchiveRepository } from '../archive/archive.repository.js';
import { AsideAlarm } from './aside-alarm.service.js';

/** Puts accepted messages into SQL, then tells the room logs how far they may be trimmed. */
@Injectable()
export class ArchiveService {
  constructor(
    @Inject(ArchiveRepository) private readonly archive: ArchiveRepository,
    @Inject(AsideStream) private readonly lastResort: AsideStream,
    @Inject(RoomStore) private readonly store: RoomStore,
    @Inject(AsideAlarm) private readonly alarm: AsideAlarm,
  ) {}

  /**
   * Idempotent by (room, seq). Entries of a room come in order, so its highest seq stands for all below. What had to be set
   * aside counts as archived once it is kept, and raises an alarm.
   *
   * @throws {AppError} `UNAVAILABLE` when the database takes nothing; `OVERLOADED` when it refuses a message in every form
   *   and no more may be kept in Redis. Then nothing counts as archived, and all of it may come again.
   */
  async append(entries: readonly DispatchEntry[]): Promise<void> {
    const { aside, homeless } = await this.archive.append(entries);
    for (const refusal of aside) this.alarm.raise(refusal);
    for (const refusal of homeless) {
      await this.lastResort.keep(refusal.reason, refusal.entry);
      this.alarm.raise(refusal);
    }
    const highest = new Map<number, number>();
    for (const { roomId, seq } of entries) highest.set(roomId, Math.max(seq, highest.get(roomId) ?? 0));
    await Promise.all([...highest].map(([roomId, seq]) => this.store.markArchived(roomId, seq)));
  }
}
