import { rpcLimits, type connectRpc, type RpcRequest } from '@parley/contracts';
import type { StreamItem } from '@parley/queue';

/** Characters of the bodies in one call after which no further entry is taken. */
const MAX_CHARS = 512 * 1024;

/** Something to hand to one gateway: an item, and what to do when that gateway has it. */
export interface LaneJob {
  readonly item: StreamItem;
  readonly done: () => void;
  /** The gateway says that this process no longer owns the item's shard. */
  readonly stale: () => void;
}

export interface LaneBatch {
  readonly jobs: readonly LaneJob[];
  readonly request: RpcRequest<typeof connectRpc.deliver>;
}

/** Takes the next call's worth off the front of a queue. */
export function nextBatch(queue: LaneJob[]): LaneBatch {
  let chars = 0;
  let count = 0;
  const most = Math.min(queue.length, rpcLimits.maxEntriesPerDelivery);
  while (count < most && (count === 0 || chars < MAX_CHARS)) {
    chars += queue[count]?.item.entry.body.length ?? 0;
    count++;
  }
  const jobs = queue.splice(0, count);
  return { jobs, request: { fences: fencesOf(jobs), entries: jobs.map(({ item }) => item.entry), upTo: [] } };
}

/**
 * Stands for a queue that grew too long: the gateway reads the rooms' logs itself. Takes the front of the queue, until it
 * comes to a room more than one call may name.
 */
export function collapse(queue: LaneJob[]): LaneBatch {
  let count = 0;
  const upTo = new Map<number, { roomId: number; seq: number; epoch: string; recipients?: number[] }>();
  for (const { item } of queue) {
    const { roomId, seq, epoch, recipients } = item.entry;
    if (!upTo.has(roomId) && upTo.size >= rpcLimits.maxPositionsPerDelivery) break;
    count++;
    // A shard that was lost and won again is read from its oldest pending entry once more.
    if (seq <= (upTo.get(roomId)?.seq ?? 0)) continue;
    upTo.set(roomId, { roomId, seq, epoch, ...(recipients && { recipients }) });
  }
  const jobs = queue.splice(0, count);
  return { jobs, request: { fences: fencesOf(jobs), entries: [], upTo: [...upTo.values()] } };
}

function fencesOf(jobs: readonly LaneJob[]): [number, number][] {
  return [...new Map(jobs.map(({ item }) => [item.shard, item.fence]))];
}
