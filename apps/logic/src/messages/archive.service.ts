import { Inject, Injectable } from '@nestjs/common';
import type { DispatchEntry } from '@parley/contracts';
import { RoomStore } from '@parley/redis';
import { ArchiveRepository } from '../archive/archive.repository.js';

/** Puts accepted messages into SQL, then tells the room logs how far they may be trimmed. */
@Injectable()
export class ArchiveService {
  constructor(
    @Inject(ArchiveRepository) private readonly archive: ArchiveRepository,
    @Inject(RoomStore) private readonly store: RoomStore,
  ) {}

  /** Idempotent by (room, seq). Entries of a room come in order, so its highest seq stands for all below. */
  async append(entries: readonly DispatchEntry[]): Promise<void> {
    await this.archive.append(entries);
    const highest = new Map<number, number>();
    for (const { roomId, seq } of entries) highest.set(roomId, Math.max(seq, highest.get(roomId) ?? 0));
    await Promise.all([...highest].map(([roomId, seq]) => this.store.markArchived(roomId, seq)));
  }
}
