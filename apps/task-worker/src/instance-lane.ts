import type { connectRpc, RpcRequest, RpcResponse } from '@parley/contracts';
import { BehindRooms } from './behind-rooms.js';
import { nextBatch, type LaneBatch } from './lane-batch.js';
import type { LaneJob } from './lane-job.js';

/** What a gateway answers. */
export type Delivered = Pick<RpcResponse<typeof connectRpc.deliver>, 'staleShards' | 'seenFences' | 'failed'>;

export interface LanePort {
  /** One `deliver` call to the lane's gateway. */
  deliver(request: RpcRequest<typeof connectRpc.deliver>): Promise<Delivered>;
  /** Whether the gateway's lease is gone; asked after a failed call. */
  isGone(): Promise<boolean>;
  onError(error: unknown): void;
}

export interface LaneBounds {
  /** Jobs queued above which the queue collapses to positions. */
  readonly maxJobs: number;
  /** Bytes of their bodies likewise. */
  readonly maxBytes: number;
}

const MIN_RETRY_MS = 50;
const MAX_RETRY_MS = 1_000;

/**
 * What one gateway still has to be given, in order. One call is under way at a time; a failed one is repeated until it
 * succeeds or the gateway's lease is gone. A gateway that stalls costs a bounded queue and delays no other.
 *
 * A queue that grew too long, and a room that the gateway could not take, collapse to positions (see {@link BehindRooms}).
 * Those have calls of their own, so that a room which takes its time delays no other either.
 */
export class InstanceLane {
  private readonly queue: LaneJob[] = [];
  private queuedBytes = 0;
  private readonly behind = new BehindRooms();
  private isBusy = false;
  private isRepairing = false;
  private underWay = 0;
  private gone = false;
  /** Ends the wait for the next room that is due: there is another. */
  private wake: () => void = () => undefined;

  constructor(
    private readonly port: LanePort,
    private readonly bounds: LaneBounds,
    /** Called when the gateway is gone and the lane has let go of everything. */
    private readonly onGone: () => void,
  ) {}

  /** Jobs not finished. */
  get size(): number {
    return this.queue.length + this.behind.size + this.underWay;
  }

  push(job: LaneJob): void {
    if (this.behind.has(job.item.entry.roomId)) return this.putBehind(job);
    this.queue.push(job);
    this.queuedBytes += job.bytes;
    if (this.queue.length > this.bounds.maxJobs || this.queuedBytes > this.bounds.maxBytes) {
      this.queuedBytes = 0;
      for (const queued of this.queue.splice(0)) this.putBehind(queued);
    }
    if (this.isBusy) return;
    this.isBusy = true;
    // After the rest of this turn's batch has been pushed.
    setImmediate(() => void this.drain());
  }

  private putBehind(job: LaneJob, waitMs = 0): void {
    this.behind.add(job, performance.now() + waitMs);
    this.wake();
    if (this.isRepairing) return;
    this.isRepairing = true;
    setImmediate(() => void this.repair());
  }

  private async drain(): Promise<void> {
    while (this.queue.length > 0 && !this.gone) {
      const batch = nextBatch(this.queue);
      for (const { bytes } of batch.jobs) this.queuedBytes -= bytes;
      const failed = (await this.deliver(batch)) ?? [];
      for (const job of failed) this.putBehind(job, MIN_RETRY_MS);
      if (failed.length > 0) this.putRestBehind();
    }
    this.isBusy = false;
  }

  /** What came meanwhile for rooms that are behind now: handed over one by one it would come before what they lack. */
  private putRestBehind(): void {
    for (const job of this.queue.splice(0)) {
      if (!this.behind.has(job.item.entry.roomId)) this.queue.push(job);
      else {
        this.queuedBytes -= job.bytes;
        this.putBehind(job);
      }
    }
  }

  private async repair(): Promise<void> {
    while (!this.behind.isEmpty && !this.gone) {
      const batch = this.behind.next(performance.now());
      if (batch) {
        const failed = await this.deliver(batch);
        if (failed) this.behind.answered(batch, failed, performance.now());
      } else await this.waitForDue();
    }
    this.isRepairing = false;
  }

  private async waitForDue(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      timer = setTimeout(resolve, this.behind.waitMs(performance.now()) ?? 0);
    });
    clearTimeout(timer);
  }

  /** @returns The jobs of rooms that the gateway could not take; undefined when it is gone. */
  private async deliver(batch: LaneBatch): Promise<LaneJob[] | undefined> {
    this.underWay += batch.jobs.length;
    try {
      for (let retryMs = MIN_RETRY_MS; ; retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)) {
        try {
          return finish(batch, await this.port.deliver(batch.request));
        } catch (error) {
          this.port.onError(error);
          if (this.gone || (await this.port.isGone())) {
            for (const { done } of batch.jobs) done();
            this.letGo();
            return undefined;
          }
          await pause(retryMs);
        }
      }
    } finally {
      this.underWay -= batch.jobs.length;
    }
  }

  private letGo(): void {
    for (const { done } of [...this.queue.splice(0), ...this.behind.clear()]) done();
    if (this.gone) return;
    this.gone = true;
    this.onGone();
  }
}

/** @returns Those that are still to be done. */
function finish({ jobs }: LaneBatch, { staleShards, seenFences, failed }: Delivered): LaneJob[] {
  const stale = new Set(staleShards);
  const seen = new Map(seenFences);
  const notTaken = new Set(failed);
  const left: LaneJob[] = [];
  for (const job of jobs) {
    const { shard, entry } = job.item;
    if (stale.has(shard)) job.stale(seen.get(shard));
    else if (notTaken.has(entry.roomId)) left.push(job);
    else job.done();
  }
  return left;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
