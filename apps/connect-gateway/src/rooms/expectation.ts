import type { RoomPosition } from '@parley/redis';

/** What was accepted here is read from the log when it has not been dispatched here within this time, milliseconds. */
const EXPECT_WITHIN_MS = 500;

/**
 * What a room has to come to, because a sender here was told that it was accepted. While a killed worker's shards wait for their
 * lease to end it does not come: then it is read from the log, instead of waiting for the position check.
 */
export class Expectation {
  private expected: RoomPosition | undefined;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param tail - How far the room has come.
   * @param pull - Reads from the log. What cannot be read now is the position check's.
   */
  constructor(
    private readonly tail: () => number,
    private readonly pull: (position: RoomPosition) => Promise<void>,
  ) {}

  /** Something is waited for. */
  get isPending(): boolean {
    return this.timer !== undefined;
  }

  expect(position: RoomPosition): void {
    if (position.seq <= Math.max(this.tail(), this.expected?.seq ?? 0)) return;
    this.expected = position;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const { expected } = this;
      this.expected = undefined;
      if (expected && expected.seq > this.tail()) void this.pull(expected).catch(() => undefined);
    }, EXPECT_WITHIN_MS).unref();
  }

  /** Nothing is waited for any more. */
  end(): void {
    clearTimeout(this.timer);
  }
}
