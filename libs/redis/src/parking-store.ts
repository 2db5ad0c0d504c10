import type { RedisConnection } from './connections.js';
import type { RedisKeys } from './keys.js';
import type { RoomHead } from './room-head.js';
import { runScript } from './run-script.js';

/** Where a room stood when it left Redis. It stands there still while the shard's line is of the same generation. */
export interface ParkedPosition extends RoomHead {
  readonly generation: string;
}

/** What became of a room that is to leave Redis; see `unload-room-7.lua`. */
export type UnloadOutcome =
  { readonly kind: 'none' | 'busy' | 'gone' } | { readonly kind: 'ready'; readonly position: ParkedPosition };

/** Takes rooms that nobody uses out of Redis. */
export class ParkingStore {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: RedisKeys,
  ) {}

  /**
   * Looks whether a room may leave, and removes it when it still is where SQL has been told.
   *
   * @param idleMs - A head that was made less long ago stays.
   * @param told - The position that SQL holds; undefined to look only.
   */
  async unload(
    roomId: number,
    idleMs: number,
    told?: { readonly epoch: string; readonly seq: number },
  ): Promise<UnloadOutcome> {
    const shard = this.keys.shardOf(roomId);
    const [kind, seq, epoch, floor, generation] = (await runScript(
      this.redis,
      'unloadRoom',
      [
        this.keys.roomHead(roomId),
        this.keys.roomLog(roomId),
        this.keys.roomInstances(roomId),
        this.keys.dispatch(shard),
        this.keys.line(shard),
        this.keys.roomFacts(roomId),
        this.keys.roomMarks(roomId),
      ],
      [idleMs, told?.epoch ?? '', told?.seq ?? 0],
    )) as ['none' | 'busy' | 'gone' | 'ready', number, string, number, string];
    return kind === 'ready' ? { kind, position: { seq, epoch, floor, generation } } : { kind };
  }
}
