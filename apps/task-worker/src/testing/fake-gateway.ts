import { connectRpc, type RpcRequest } from '@parley/contracts';
import type { RoomStore } from '@parley/redis';
import { expect } from 'vitest';
import type { Delivered } from '../instance-lane.js';

type Request = RpcRequest<typeof connectRpc.deliver>;

/**
 * A gateway as the contract of `deliver` says, without any of the nets of the real one: it looks at no room's position,
 * and fills no gap. What it is given is what its members have.
 */
export class FakeGateway {
  /** Calls that were heard, whatever became of them. */
  readonly requests: Request[] = [];
  /** What came to each room, in order; what had come before is dropped, as members know it by its number. */
  readonly rooms = new Map<number, number[]>();
  /** Rooms in which a number was left out, with what came instead. */
  readonly gaps: [roomId: number, seq: number][] = [];
  /** Shards refused for their fence. */
  readonly refused: [shard: number, fence: number][] = [];
  /** Told of each call before it is looked at: an error is what its caller gets instead, `failed` are rooms not to take. */
  onCall: (request: Request) => Promise<Pick<Delivered, 'failed'> | undefined> = () =>
    Promise.resolve(undefined);
  /** Whether it compares fences. */
  comparesFences = true;
  /** Whether it reads from the log what is missing before an entry, as the real one does. */
  fillsGaps = false;
  private readonly fences = new Map<number, number>();

  constructor(
    readonly id: string,
    private readonly log: Pick<RoomStore, 'range'>,
    private readonly shardOf: (roomId: number) => number,
  ) {}

  seen(roomId: number): number[] {
    return this.rooms.get(roomId) ?? [];
  }

  async deliver(sent: Request): Promise<Delivered> {
    const request = connectRpc.deliver.request.parse(sent);
    this.requests.push(request);
    const failed = new Set((await this.onCall(request))?.failed);
    const stale = new Map<number, number>();
    for (const [shard, fence] of request.fences) {
      const known = this.fences.get(shard) ?? 0;
      if (this.comparesFences && fence < known) {
        stale.set(shard, known);
        this.refused.push([shard, fence]);
      } else this.fences.set(shard, fence);
    }
    const isToTake = ({ roomId }: { roomId: number }) =>
      !failed.has(roomId) && !stale.has(this.shardOf(roomId));
    for (const { roomId, seq } of request.entries.filter(isToTake)) {
      if (this.fillsGaps && this.rooms.has(roomId)) await this.takeUpTo(roomId, seq - 1);
      this.take(roomId, seq);
    }
    for (const { roomId, seq } of request.upTo.filter(isToTake)) await this.takeUpTo(roomId, seq);
    return { staleShards: [...stale.keys()], seenFences: [...stale], failed: [...failed] };
  }

  /** Expects a room to have everything from 1 (or from where it began here) to `last`, in order, once. */
  expectAll(roomId: number, last: number, first = 1): void {
    expect(this.seen(roomId)).toEqual(Array.from({ length: last - first + 1 }, (_, i) => first + i));
    expect(this.gaps).toEqual([]);
  }

  private async takeUpTo(roomId: number, seq: number): Promise<void> {
    const from = (this.seen(roomId).at(-1) ?? 0) + 1;
    if (from > seq) return;
    for (const entry of await this.log.range(roomId, from, seq, 10_000)) this.take(roomId, entry.seq);
  }

  private take(roomId: number, seq: number): void {
    const seen = this.rooms.get(roomId);
    if (!seen) {
      this.rooms.set(roomId, [seq]);
      return;
    }
    const last = seen.at(-1) ?? 0;
    if (seq <= last) return;
    if (seq > last + 1) this.gaps.push([roomId, seq]);
    seen.push(seq);
  }
}
