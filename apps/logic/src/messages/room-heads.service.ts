import { Inject, Injectable } from '@nestjs/common';
import { RoomStore, type RoomPosition } from '@parley/redis';
import { randomBytes } from 'node:crypto';
import { ArchiveRepository } from '../archive/archive.repository.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';

/**
 * Sequence numbers reserved in SQL at a time. Redis hands out numbers below the reserved ceiling only, so a Redis that
 * lost its data goes on above it and never issues a number twice.
 *
 * @see docs/adr/0003-sequence-ceiling.md
 */
const CEILING_STEP = 100_000;

/** Gives rooms their position in Redis, and keeps enough numbers reserved. */
@Injectable()
export class RoomHeadsService {
  private readonly raising = new Map<number, Promise<void>>();

  constructor(
    @Inject(RoomStore) private readonly store: RoomStore,
    @Inject(RoomsRepository) private readonly rooms: RoomsRepository,
    @Inject(ArchiveRepository) private readonly archive: ArchiveRepository,
  ) {}

  /** The room's position; made from SQL, in a new epoch, when Redis has none. */
  async ensure(roomId: number): Promise<RoomPosition & { floor: number }> {
    return (await this.store.head(roomId)) ?? (await this.restore(roomId));
  }

  /** Called with what a send left below the ceiling; reserves more in time. */
  watch(roomId: number, seqsLeft: number): void {
    if (seqsLeft < CEILING_STEP / 2) this.raise(roomId).catch(() => undefined);
  }

  /** Reserves more numbers; one reservation per room is under way at a time. */
  raise(roomId: number): Promise<void> {
    let raising = this.raising.get(roomId);
    if (!raising) {
      raising = this.raiseNow(roomId).finally(() => this.raising.delete(roomId));
      this.raising.set(roomId, raising);
    }
    return raising;
  }

  private async raiseNow(roomId: number): Promise<void> {
    const head = await this.ensure(roomId);
    const ceiling = await this.rooms.raiseSeqCeiling(roomId, head.seq + CEILING_STEP);
    await this.store.raiseCeiling(roomId, ceiling);
  }

  private async restore(roomId: number): Promise<RoomPosition & { floor: number }> {
    const archived = await this.archive.maxSeq(roomId);
    const floor = Math.max(await this.rooms.readSeqCeiling(roomId), archived);
    // Reserved before it can be used: whoever restores next starts above.
    const ceiling = await this.rooms.raiseSeqCeiling(roomId, floor + CEILING_STEP);
    const epoch = randomBytes(9).toString('base64url');
    await this.store.restoreHead(roomId, { epoch, floor, ceiling, archived, nowMs: Date.now() });
    // Another instance may have been first: what Redis has now counts.
    return (await this.store.head(roomId)) ?? { seq: floor, epoch, floor };
  }
}
