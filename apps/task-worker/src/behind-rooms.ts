import { rpcLimits } from '@parley/contracts';
import { fencesOf, type LaneBatch } from './lane-batch.js';
import type { LaneJob } from './lane-job.js';

const MIN_RETRY_MS = 50;
const MAX_RETRY_MS = 1_000;

interface BehindRoom {
  readonly roomId: number;
  seq: number;
  epoch: string;
  recipients: readonly number[] | undefined;
  /** Not in a call that is under way. */
  jobs: LaneJob[];
  isAsked: boolean;
  /** When it may be asked for again, milliseconds, monotonic. */
  dueAt: number;
  retryMs: number;
}

/**
 * Rooms that one gateway is to bring up to a position by itself, from their logs: there was too much to hand over one by
 * one, or it could not take what it was given. One position stands for all of a room's messages, and what comes for the
 * room meanwhile only moves that.
 */
export class BehindRooms {
  private readonly rooms = new Map<number, BehindRoom>();

  /** Jobs not finished. */
  get size(): number {
    let total = 0;
    for (const { jobs } of this.rooms.values()) total += jobs.length;
    return total;
  }

  get isEmpty(): boolean {
    return this.rooms.size === 0;
  }

  has(roomId: number): boolean {
    return this.rooms.has(roomId);
  }

  /** @param dueAt - When the room may be asked for, if it is not known here yet; milliseconds, monotonic. */
  add(job: LaneJob, dueAt: number): void {
    const { roomId, seq, epoch, recipients } = job.item.entry;
    let room = this.rooms.get(roomId);
    if (!room) {
      room = { roomId, seq: 0, epoch, recipients, jobs: [], isAsked: false, dueAt, retryMs: 0 };
      this.rooms.set(roomId, room);
    }
    // A shard that was lost and won again is read from its oldest pending entry once more.
    if (seq > room.seq) Object.assign(room, { seq, epoch, recipients });
    job.letGoOfBody();
    // The body is in nobody's memory for this gateway's sake.
    room.jobs.push({ ...job, bytes: 0, item: { ...job.item, entry: { ...job.item.entry, body: '{' } } });
  }

  /** Takes the rooms that are due, as many as one call may name. */
  next(nowMs: number): LaneBatch | undefined {
    const jobs: LaneJob[] = [];
    const upTo: { roomId: number; seq: number; epoch: string; recipients?: number[] }[] = [];
    for (const room of this.rooms.values()) {
      if (upTo.length >= rpcLimits.maxPositionsPerDelivery) break;
      if (room.isAsked || room.dueAt > nowMs) continue;
      const { roomId, seq, epoch, recipients } = room;
      upTo.push({ roomId, seq, epoch, ...(recipients && { recipients: [...recipients] }) });
      jobs.push(...room.jobs.splice(0));
      room.isAsked = true;
    }
    if (upTo.length === 0) return undefined;
    return { jobs, request: { fences: fencesOf(jobs), entries: [], upTo, partial: true } };
  }

  /** Milliseconds until a room is due; undefined when none will be. */
  waitMs(nowMs: number): number | undefined {
    let dueAt: number | undefined;
    for (const room of this.rooms.values())
      if (!room.isAsked) dueAt = Math.min(dueAt ?? Infinity, room.dueAt);
    return dueAt === undefined ? undefined : Math.max(0, dueAt - nowMs);
  }

  /** The gateway has answered for a batch: these jobs are still to be done, and their rooms asked for again, later. */
  answered({ request }: LaneBatch, failed: readonly LaneJob[], nowMs: number): void {
    const left = new Map<number, LaneJob[]>();
    for (const job of failed) {
      const jobs = left.get(job.item.entry.roomId);
      if (jobs) jobs.push(job);
      else left.set(job.item.entry.roomId, [job]);
    }
    for (const { roomId } of request.upTo) {
      const room = this.rooms.get(roomId);
      if (!room) continue;
      room.isAsked = false;
      const jobs = left.get(roomId);
      if (jobs) {
        room.jobs.unshift(...jobs);
        room.retryMs = Math.min(Math.max(room.retryMs * 2, MIN_RETRY_MS), MAX_RETRY_MS);
        room.dueAt = nowMs + room.retryMs;
      } else if (room.jobs.length === 0) this.rooms.delete(roomId);
      else {
        room.retryMs = 0;
        room.dueAt = nowMs;
      }
    }
  }

  /** Lets go of everything. */
  clear(): LaneJob[] {
    const jobs = [...this.rooms.values()].flatMap((room) => room.jobs);
    this.rooms.clear();
    return jobs;
  }
}
