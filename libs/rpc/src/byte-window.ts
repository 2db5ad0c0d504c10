interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

/**
 * Lets so many bytes be under way at a time; what comes beyond waits its turn, in order. Something larger than the
 * window goes alone.
 */
export class ByteWindow {
  private underWay = 0;
  private readonly waiting = new Set<Waiting>();

  constructor(private readonly maxBytes: number) {}

  /** Nothing is under way or waiting. */
  get isIdle(): boolean {
    return this.underWay === 0 && this.waiting.size === 0;
  }

  /**
   * Starts something now or when there is room.
   *
   * @returns Gives the bytes back when it has ended, or takes it out of the queue; to be called in the end, once is enough.
   */
  take(bytes: number, start: () => void): () => void {
    const job: Waiting = { bytes, start };
    this.waiting.add(job);
    this.next();
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      if (!this.waiting.delete(job)) this.underWay -= bytes;
      this.next();
    };
  }

  private next(): void {
    for (const job of this.waiting) {
      if (this.underWay > 0 && this.underWay + job.bytes > this.maxBytes) return;
      this.waiting.delete(job);
      this.underWay += job.bytes;
      job.start();
    }
  }
}
