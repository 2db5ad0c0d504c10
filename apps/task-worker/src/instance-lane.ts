import type { connectRpc, RpcRequest } from '@parley/contracts';
import { collapse, nextBatch, type LaneBatch, type LaneJob } from './lane-batch.js';

export interface LanePort {
  /** One `deliver` call to the lane's gateway; answers the shards of which this process is no longer the owner. */
  deliver(request: RpcRequest<typeof connectRpc.deliver>): Promise<readonly number[]>;
  /** Whether the gateway's lease is gone; asked after a failed call. */
  isGone(): Promise<boolean>;
  onError(error: unknown): void;
}

const MIN_RETRY_MS = 50;
const MAX_RETRY_MS = 1_000;

/**
 * What one gateway still has to be given, in order. One call is under way at a time; a failed one is repeated until it
 * succeeds or the gateway's lease is gone. A gateway that stalls costs a bounded queue and delays no other.
 */
export class InstanceLane {
  private readonly queue: LaneJob[] = [];
  private busy = false;
  private waiting = 0;

  constructor(
    private readonly port: LanePort,
    /** Jobs queued above which the queue collapses to positions. */
    private readonly maxJobs: number,
    /** Called when the gateway is gone and the lane has let go of everything. */
    private readonly onGone: () => void,
  ) {}

  /** Jobs not finished. */
  get size(): number {
    return this.queue.length + this.waiting;
  }

  push(job: LaneJob): void {
    this.queue.push(job);
    if (this.busy) return;
    this.busy = true;
    // After the rest of this turn's batch has been pushed.
    setImmediate(() => void this.drain());
  }

  private async drain(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.queue.length > this.maxJobs ? collapse(this.queue) : nextBatch(this.queue);
      this.waiting = batch.jobs.length;
      if (!(await this.deliver(batch))) {
        for (const { done } of this.queue.splice(0)) done();
        this.onGone();
      }
      this.waiting = 0;
    }
    this.busy = false;
  }

  /** @returns false when the gateway is gone. */
  private async deliver(batch: LaneBatch): Promise<boolean> {
    for (let retryMs = MIN_RETRY_MS; ; retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)) {
      try {
        const stale = new Set(await this.port.deliver(batch.request));
        for (const job of batch.jobs) (stale.has(job.item.shard) ? job.stale : job.done)();
        return true;
      } catch (error) {
        this.port.onError(error);
        if (await this.port.isGone()) {
          for (const { done } of batch.jobs) done();
          return false;
        }
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }
}
