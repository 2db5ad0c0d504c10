import type { RoomPosition } from '@parley/redis';

/** Earlier epochs of a room that are remembered. */
const MAX_LEFT_EPOCHS = 8;

/** The epoch that a room is in, and those before it as far as they were seen here. */
export class EpochLine {
  private left: readonly string[] = [];

  constructor(private now: string) {}

  get current(): string {
    return this.now;
  }

  moveOn(epoch: string): void {
    if (epoch === this.now) return;
    this.left = [...this.left, this.now].slice(-MAX_LEFT_EPOCHS);
    this.now = epoch;
  }

  /**
   * Sequence numbers only grow, across epochs too: a lower one is an old epoch's straggler. An epoch may begin where the one
   * before ended, so that at the same number only memory tells them apart.
   *
   * @param tail - How far the room has come.
   */
  isEarlier({ seq, epoch }: RoomPosition, tail: number): boolean {
    return epoch !== this.now && (seq < tail || this.left.includes(epoch));
  }
}
