import { Inject, Injectable } from '@nestjs/common';
import { bytesOfText, connectRpc } from '@parley/contracts';
import { EventBus, PresenceStore } from '@parley/redis';
import { liveAmong, REGISTRY, type Registry } from '@parley/registry';
import { RpcClient } from '@parley/rpc';
import type { StreamItem } from '@parley/queue';
import { InstanceLane } from './instance-lane.js';
import { spanOf } from './item-span.js';

const GATEWAYS = 'connect-gateway';
/**
 * Bytes queued for one gateway above which the queue collapses to positions. Judgement: sixteen calls' worth, and several
 * gateways' worth is small beside what may be in hand.
 */
const MAX_LANE_BYTES = 8 * 1024 * 1024;

/** What names an item to the stream it came from. */
export type ItemId = Pick<StreamItem, 'shard' | 'streamId'>;

export interface DispatcherOptions {
  readonly laneMaxEntries: number;
  readonly deliverDeadlineMs: number;
  readonly onError: (error: unknown, where: string) => void;
  readonly onDone: (items: readonly ItemId[]) => void;
  /** An item is still to be confirmed, but nobody needs its body any more. */
  readonly onBodyUnneeded: (item: ItemId) => void;
  /** @param seenFence - The fence that a gateway has seen, where it says so. */
  readonly onStale: (shard: number, seenFence: number | undefined) => void;
}

/** Finds the gateways that hold members of each message's room, and hands it to each of them. */
@Injectable()
export class DispatcherService {
  private readonly lanes = new Map<string, InstanceLane>();
  private options: DispatcherOptions | undefined;

  constructor(
    @Inject(PresenceStore) private readonly presence: PresenceStore,
    @Inject(REGISTRY) private readonly registry: Registry,
    @Inject(RpcClient) private readonly rpc: RpcClient,
    @Inject(EventBus) private readonly events: EventBus,
  ) {}

  configure(options: DispatcherOptions): void {
    this.options = options;
  }

  /** Messages not yet confirmed by every gateway that needs them. */
  get pending(): number {
    let total = 0;
    for (const lane of this.lanes.values()) total += lane.size;
    return total;
  }

  /** Puts a batch on its gateways' lanes; retries look-ups until Redis answers. */
  async dispatch(items: readonly StreamItem[]): Promise<void> {
    const targets = await this.targetsOf(items);
    const unwanted: StreamItem[] = [];
    for (const item of items) {
      const instances = targets.get(item) ?? [];
      if (instances.length === 0) unwanted.push(item);
      else this.enqueue(item, instances);
    }
    if (unwanted.length > 0) this.options?.onDone(unwanted);
  }

  private enqueue(item: StreamItem, instances: readonly string[]): void {
    // Not the item itself: a gateway that stalls must not keep its body in memory.
    const id: ItemId = { shard: item.shard, streamId: item.streamId };
    const bytes = item.hinted ? 0 : bytesOfText(item.entry.body);
    let left = instances.length;
    let bodiesNeeded = instances.length;
    let seenFence: number | undefined;
    let isStale = false;
    const span = spanOf('dispatch', item);
    const finish = () => {
      if (--left > 0) return;
      span?.end(isStale ? 'stale' : undefined);
      if (isStale) this.options?.onStale(id.shard, seenFence);
      else this.options?.onDone([id]);
    };
    // Whatever a hint did not bring is read from the log.
    if (item.hinted) this.options?.onBodyUnneeded(id);
    const bodyUnneeded = () => {
      if (--bodiesNeeded === 0 && left > 0) this.options?.onBodyUnneeded(id);
    };
    for (const instanceId of instances) {
      let needsBody = !item.hinted;
      const letGoOfBody = () => {
        if (needsBody) bodyUnneeded();
        needsBody = false;
      };
      this.lane(instanceId).push({
        item,
        bytes,
        letGoOfBody,
        done: () => {
          finish();
          letGoOfBody();
        },
        stale: (seen) => {
          isStale = true;
          seenFence = Math.max(seen ?? 0, seenFence ?? 0) || undefined;
          finish();
          letGoOfBody();
        },
      });
    }
  }

  private async targetsOf(items: readonly StreamItem[]): Promise<Map<StreamItem, string[]>> {
    for (;;) {
      try {
        return await this.lookUp(items);
      } catch (error) {
        this.options?.onError(error, 'look-up');
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  private async lookUp(items: readonly StreamItem[]): Promise<Map<StreamItem, string[]>> {
    const roomIds = [
      ...new Set(items.filter(({ entry }) => !entry.recipients).map(({ entry }) => entry.roomId)),
    ];
    const userIds = [...new Set(items.flatMap(({ entry }) => entry.recipients ?? []))];
    const [ofRooms, ofUsers] = await Promise.all([
      this.presence.instancesOfRooms(roomIds),
      this.presence.instancesOfUsers(userIds),
    ]);
    const found = new Set([...ofRooms, ...ofUsers].flat());
    const live = await liveAmong(this.registry, GATEWAYS, found);
    const rooms = new Map(roomIds.map((roomId, i) => [roomId, ofRooms[i] ?? []]));
    const users = new Map(userIds.map((userId, i) => [userId, ofUsers[i] ?? []]));
    for (const [roomId, instances] of rooms)
      for (const dead of instances.filter((id) => !live.has(id))) this.dropFromRoom(roomId, dead);
    for (const [userId, instances] of users)
      for (const dead of instances.filter((id) => !live.has(id))) this.dropFromUser(userId, dead);
    return new Map(
      items.map((item) => {
        const { roomId, recipients } = item.entry;
        const instances = recipients
          ? recipients.flatMap((userId) => users.get(userId) ?? [])
          : (rooms.get(roomId) ?? []);
        return [item, [...new Set(instances)].filter((id) => live.has(id))];
      }),
    );
  }

  private lane(instanceId: string): InstanceLane {
    let lane = this.lanes.get(instanceId);
    if (!lane) {
      lane = new InstanceLane(
        {
          deliver: (request) =>
            this.rpc.call(connectRpc.deliver, request, { target: instanceId, ...this.deadline() }),
          isGone: async () => {
            const list = await this.registry.refresh(GATEWAYS).catch(() => undefined);
            return list !== undefined && !list.some((instance) => instance.instanceId === instanceId);
          },
          onError: (error) => this.options?.onError(error, 'deliver'),
        },
        { maxJobs: this.options?.laneMaxEntries ?? 4_096, maxBytes: MAX_LANE_BYTES },
        () => this.lanes.delete(instanceId),
      );
      this.lanes.set(instanceId, lane);
    }
    return lane;
  }

  private deadline(): { deadlineMs: number } | Record<string, never> {
    return this.options ? { deadlineMs: this.options.deliverDeadlineMs } : {};
  }

  private dropFromRoom(roomId: number, instanceId: string): void {
    this.presence
      .dropInstance(roomId, instanceId)
      .then(() => this.events.publish('presence', { roomId }))
      .catch((error: unknown) => this.options?.onError(error, 'drop-instance'));
  }

  private dropFromUser(userId: number, instanceId: string): void {
    this.presence
      .dropUserInstance(userId, instanceId)
      .catch((error: unknown) => this.options?.onError(error, 'drop-instance'));
  }
}
