import { Controller, Inject } from '@nestjs/common';
import { connectRpc, type DispatchEntry, type RpcResponse } from '@parley/contracts';
import { RedisKeys } from '@parley/redis';
import { RpcMethod } from '@parley/rpc';
import { Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { RoomDirectory } from '../rooms/room-directory.js';

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
    const isCurrent = ({ roomId }: { roomId: number }) =>
      stale.size === 0 || !stale.has(this.keys.shardOf(roomId));
    const byRoom = new Map<number, DispatchEntry[]>();
    for (const entry of request.entries) {
      if (!isCurrent(entry)) continue;
      const entries = byRoom.get(entry.roomId);
      if (entries) entries.push(entry);
      else byRoom.set(entry.roomId, [entry]);
    }
    await Promise.all([
      ...[...byRoom].map(([roomId, entries]) => this.rooms.deliver(roomId, entries)),
      ...request.upTo.filter(isCurrent).map((to) => this.rooms.pullTo(to.roomId, to, to.recipients)),
    ]);
    return { staleShards: [...stale] };
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
