import { countInCall, rpcLimits, type connectRpc, type RpcRequest } from '@parley/contracts';
import type { LaneJob } from './lane-job.js';

export interface LaneBatch {
  readonly jobs: readonly LaneJob[];
  readonly request: RpcRequest<typeof connectRpc.deliver>;
}

const most = { count: rpcLimits.maxEntriesPerDelivery, bytes: rpcLimits.maxDeliveryBytes };

/** Takes the next call's worth off the front of a queue. */
export function nextBatch(queue: LaneJob[]): LaneBatch {
  const jobs = queue.splice(
    0,
    countInCall(queue.length, (i) => queue[i]?.bytes ?? 0, most),
  );
  const entries = jobs.map(({ item }) => item.entry);
  return { jobs, request: { fences: fencesOf(jobs), entries, upTo: [], partial: true } };
}

/** The fences under which these were read, the newest of each shard. */
export function fencesOf(jobs: readonly LaneJob[]): [number, number][] {
  return [...new Map(jobs.map(({ item }) => [item.shard, item.fence]))];
}
