import { Controller, Inject } from '@nestjs/common';
import { connectRpc, type DispatchEntry, type RpcResponse } from '@parley/contracts';
import { RedisKeys } from '@parley/redis';
import { RpcMethod } from '@parley/rpc';
import { Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { RoomDirectory } from '../rooms/room-directory.js';
import { takeRooms, type RoomToTake } from './take-rooms.js';

type DeliverRequest = z.output<typeof connectRpc.deliver.request>;

/** Takes messages from the task-workers. */
@Controller()
export class DeliveryRpcController {
  /** Highest fence seen of each shard. */
  private readonly fences = new Map<number, number>();

  constructor(
    @Inject(RoomDirectory) private readonly rooms: RoomDirectory,
    @Inject(RedisKeys) private readonly keys: RedisKeys,
  ) {}

  @RpcMethod(connectRpc.deliver)
  async deliver(@Payload() request: DeliverRequest): Promise<RpcResponse<typeof connectRpc.deliver>> {
    const stale = this.staleShards(request.fences);
    const failures = await takeRooms(this.roomsOf(request, stale), request.partial === true);
    // A caller of 0.1 would take the answer for that of every room.
    if (failures.size > 0 && request.partial !== true) throw [...failures.values()][0];
    return {
      staleShards: [...stale],
      seenFences: [...stale].map((shard) => [shard, this.fences.get(shard) ?? 0]),
      failed: [...failures.keys()],
    };
  }

  private roomsOf(request: DeliverRequest, stale: ReadonlySet<number>): RoomToTake[] {
    const isCurrent = ({ roomId }: { roomId: number }) =>
      stale.size === 0 || !stale.has(this.keys.shardOf(roomId));
    const byRoom = new Map<number, DispatchEntry[]>();
    for (const entry of request.entries) {
      if (!isCurrent(entry)) continue;
      const entries = byRoom.get(entry.roomId);
      if (entries) entries.push(entry);
      else byRoom.set(entry.roomId, [entry]);
    }
    return [
      ...[...byRoom].map(([roomId, entries]) => ({
        roomId,
        isFromLog: false,
        take: () => this.rooms.deliver(roomId, entries),
      })),
      ...request.upTo.filter(isCurrent).map((to) => ({
        roomId: to.roomId,
        isFromLog: true,
        take: () => this.rooms.pullTo(to.roomId, to, to.recipients),
      })),
    ];
  }

  private staleShards(fences: DeliverRequest['fences']): Set<number> {
    const stale = new Set<number>();
    for (const [shard, fence] of fences) {
      if (fence < (this.fences.get(shard) ?? 0)) stale.add(shard);
      else this.fences.set(shard, fence);
    }
    return stale;
  }
}
