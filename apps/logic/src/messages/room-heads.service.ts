import { Inject, Injectable } from '@nestjs/common';
import type { Mark } from '@parley/contracts';
import { AppError, type RoomFacts } from '@parley/protocol';
import { RoomStore, type RoomHead, type RoomPosition } from '@parley/redis';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ArchiveRepository } from '../archive/archive.repository.js';
import { LineService } from '../line/line.service.js';
import { LOGIC_OPTIONS, type LogicOptions } from '../logic-options.js';
import { ParkedRoomsRepository } from '../rooms/parked-rooms.repository.js';
import { RecordRepository } from '../record/record.repository.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';

/**
 * Sequence numbers reserved in SQL at a time. Redis hands out numbers below the reserved ceiling only, so a Redis that
 * lost its data goes on above it and never issues a number twice.
 *
 * @see docs/adr/0003-sequence-ceiling.md
 */
const CEILING_STEP = 100_000;
/** How long one process restores a room alone, and how often the others look whether it has. Milliseconds. */
const RESTORE_TURN_MS = 2_000;
const LOOK_EVERY_MS = 20;
/** Restores of one room are made anew this often when the server changes under them. */
const MAX_RESTORES = 3;
/**
 * What was read for a restore is good for this part of `ROOM_IDLE_MS`: a room has to be unused for longer before it can leave
 * Redis again, with numbers that were not known then.
 */
const GOOD_FOR = 1 / 2;

/** Gives rooms their position in Redis, and keeps enough numbers reserved. */
@Injectable()
export class RoomHeadsService {
  private readonly raising = new Map<number, Promise<void>>();
  private readonly restoring = new Map<number, Promise<RoomHead>>();

  constructor(
    @Inject(RoomStore) private readonly store: RoomStore,
    @Inject(RoomsRepository) private readonly rooms: RoomsRepository,
    @Inject(ArchiveRepository) private readonly archive: ArchiveRepository,
    @Inject(LineService) private readonly line: Pick<LineService, 'proven'>,
    @Inject(ParkedRoomsRepository) private readonly parked: ParkedRoomsRepository,
    @Inject(LOGIC_OPTIONS) private readonly options: Pick<LogicOptions, 'roomIdleMs'>,
    @Inject(RecordRepository) private readonly record: Pick<RecordRepository, 'facts' | 'newestMarks'>,
  ) {}

  /** The room's position; made from SQL, in a new epoch, when Redis has none that stands. */
  async ensure(roomId: number): Promise<RoomHead> {
    return (await this.store.head(roomId)) ?? (await this.restore(roomId));
  }

  /**
   * The room's position, when a gateway has seen more of its epoch than Redis has: then that epoch has ended.
   *
   * @param seen - What was delivered to members; a caller that may be wrong about it must not call this.
   */
  async outlive(roomId: number, seen: RoomPosition): Promise<RoomHead> {
    const head = await this.store.head(roomId);
    if (head && (head.epoch !== seen.epoch || head.seq >= seen.seq)) return head;
    return this.restore(roomId, seen);
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

  /** One restore per room is under way at a time: whoever needs the room meanwhile waits for the same one. */
  private restore(roomId: number, seen?: RoomPosition): Promise<RoomHead> {
    let restoring = this.restoring.get(roomId);
    if (!restoring) {
      restoring = this.restoreNow(roomId, seen).finally(() => this.restoring.delete(roomId));
      this.restoring.set(roomId, restoring);
    }
    return restoring;
  }

  private async restoreNow(roomId: number, seen: RoomPosition | undefined): Promise<RoomHead> {
    for (let tries = 0; tries < MAX_RESTORES; tries++) {
      // A server that came back is judged first: an epoch made before would end at once.
      await this.line.proven();
      const made = await this.awaitTurn(roomId, seen);
      if (made) return made;
      try {
        const head = await this.makeHead(roomId, seen);
        if (head) return head;
      } finally {
        await this.store.endRestoreTurn(roomId);
      }
    }
    throw new AppError('UNAVAILABLE', { context: { roomId } });
  }

  /** Undefined when the server has changed meanwhile, or SQL took too long. */
  private async makeHead(roomId: number, seen: RoomPosition | undefined): Promise<RoomHead | undefined> {
    const [generation, nowMs, { seq }] = await Promise.all([
      this.store.generation(roomId),
      this.store.nowMs(),
      this.store.watermarks(roomId),
    ]);
    const untilMs = nowMs + GOOD_FOR * this.options.roomIdleMs;
    const [facts, marks] = await Promise.all([
      this.record.facts(roomId, nowMs),
      this.record.newestMarks(roomId),
    ]);
    if (seq === 0) {
      const back = await this.bringBack(roomId, seen, { untilMs, facts, marks });
      if (back !== 'ended') return back;
    }
    const archived = await this.archive.maxSeq(roomId);
    // Reserved before it can be used, and above what anybody has reserved: whoever restores next starts higher still. Should
    // this process be paused here meanwhile, Redis refuses what it has reserved.
    const known = Math.max(archived, seq, seen?.seq ?? 0);
    const { floor, ceiling } = await this.rooms.reserveSeqs(roomId, known, CEILING_STEP);
    const epoch = randomBytes(9).toString('base64url');
    // Another instance may have been first: what Redis has now counts.
    const goodWhile = { generation, untilMs };
    const head = await this.store.restoreHead(roomId, {
      ...{ epoch, floor, ceiling, archived, seen, goodWhile },
      ...{ facts, marks },
    });
    return typeof head === 'string' ? undefined : head;
  }

  /**
   * A room that has left Redis because nobody used it goes on where it was.
   *
   * @returns Undefined when the server has changed meanwhile, or SQL took too long; 'ended' for any other room.
   */
  private async bringBack(
    roomId: number,
    seen: RoomPosition | undefined,
    {
      untilMs,
      ...record
    }: { readonly untilMs: number; readonly facts: RoomFacts; readonly marks: readonly Mark[] },
  ): Promise<RoomHead | 'ended' | undefined> {
    const position = await this.parked.find(roomId);
    if (!position) return 'ended';
    const { epoch, seq, floor, generation } = position;
    if (seen && (epoch !== seen.epoch || seq < seen.seq)) return 'ended';
    // Nothing above it may be known: it would have left Redis in another way.
    if ((await this.archive.maxSeq(roomId)) > seq) return 'ended';
    // Before it is there: whoever looks for unused rooms finds it.
    await this.parked.markResident([roomId], true);
    // No number is reserved yet: the first send reserves some, and ends what SQL has kept in the same transaction.
    const numbers = { floor: seq, ceiling: seq, archived: seq, keptFloor: floor };
    const start = { epoch, ...numbers, goodWhile: { generation, untilMs }, ...record };
    const head = await this.store.restoreHead(roomId, start);
    if (head === 'ended') return head;
    return typeof head === 'string' ? undefined : head;
  }

  /** Undefined when it is this process's turn to restore; else what another has made of the room meanwhile. */
  private async awaitTurn(roomId: number, seen: RoomPosition | undefined): Promise<RoomHead | undefined> {
    const until = performance.now() + RESTORE_TURN_MS;
    for (;;) {
      const isMine = await this.store.takeRestoreTurn(roomId, RESTORE_TURN_MS);
      const head = await this.store.head(roomId);
      if (head && !(head.epoch === seen?.epoch && head.seq < seen.seq)) {
        if (isMine) await this.store.endRestoreTurn(roomId);
        return head;
      }
      if (isMine || performance.now() >= until) return undefined;
      await sleep(LOOK_EVERY_MS);
    }
  }
}
