import type { StreamItem } from '@parley/queue';

/** Something to hand to one gateway: an item, and what to do when that gateway has it. */
export interface LaneJob {
  readonly item: StreamItem;
  /** Bytes of its body; 0 when it is not needed. */
  readonly bytes: number;
  readonly done: () => void;
  /**
   * The gateway says that this process no longer owns the item's shard.
   *
   * @param seenFence - The fence that it has seen; unknown to a gateway of 0.1.
   */
  readonly stale: (seenFence: number | undefined) => void;
  /** This gateway will read the message itself: the body is not needed for it any more. Called once at most. */
  readonly letGoOfBody: () => void;
}
