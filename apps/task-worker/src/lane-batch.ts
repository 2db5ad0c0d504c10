import {
  countInCall,
  rpcLimits,
  type connectRpc,
  type DispatchEntry,
  type RpcRequest,
} from '@parley/contracts';
import type { LaneJob } from './lane-job.js';

export interface LaneBatch {
  readonly jobs: readonly LaneJob[];
  readonly request: RpcRequest<typeof connectRpc.deliver>;
}

type Position = RpcRequest<typeof connectRpc.deliver>['upTo'][number];

const most = { count: rpcLimits.maxEntriesPerDelivery, bytes: rpcLimits.maxDeliveryBytes };

/**
 * Takes the next call's worth off the front of a queue. Of what gateways have been told already only the last position of
 * each room is in the call.
 */
export function nextBatch(queue: LaneJob[]): LaneBatch {
  const jobs = queue.splice(
    0,
    countInCall(queue.length, (i) => queue[i]?.bytes ?? 0, most),
  );
  const entries = jobs.filter(({ item }) => !item.hinted).map(({ item }) => item.entry);
  const upTo = new Map<number, Position>();
  for (const { item } of jobs)
    // In stream order: the last one of a room is its newest.
    if (item.hinted) upTo.set(item.entry.roomId, positionOf(item.entry));
  return { jobs, request: { fences: fencesOf(jobs), entries, upTo: [...upTo.values()], partial: true } };
}

const positionOf = ({ roomId, seq, epoch }: DispatchEntry): Position => ({ roomId, seq, epoch });

/** The fences under which these were read, the newest of each shard. */
export function fencesOf(jobs: readonly LaneJob[]): [number, number][] {
  return [...new Map(jobs.map(({ item }) => [item.shard, item.fence]))];
}
