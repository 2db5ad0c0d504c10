/** A reading is replaced by one that took less time under way, or when it is so old; milliseconds. */
const GOOD_FOR_MS = 30_000;

/**
 * How old stream entries are: their ids are times of Redis's own clock, and what that shows is told here now and then. Between
 * two readings the monotonic clock of this process goes on; what this machine holds for the time of day plays no part.
 */
export class RedisClock {
  /** What to add to the monotonic clock for Redis's time. */
  private aheadMs: number | undefined;
  private underWayMs = Infinity;
  private readAt = -Infinity;

  /** @param now - Milliseconds, monotonic. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Notes what Redis's clock showed at some time between `askedAt` and now. */
  read(redisNowMs: number, askedAt: number): void {
    const now = this.now();
    const underWayMs = now - askedAt;
    if (underWayMs > this.underWayMs && now - this.readAt < GOOD_FOR_MS) return;
    this.aheadMs = redisNowMs - (askedAt + now) / 2;
    this.underWayMs = underWayMs;
    this.readAt = now;
  }

  /** @returns Seconds since Redis made this id, 0 or more; undefined before the first reading. */
  ageOf(streamId: string): number | undefined {
    if (this.aheadMs === undefined) return undefined;
    const madeAt = Number(streamId.slice(0, streamId.indexOf('-')));
    return Math.max(0, this.now() + this.aheadMs - madeAt) / 1_000;
  }
}
