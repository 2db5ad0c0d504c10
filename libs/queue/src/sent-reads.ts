/** A read that was lost may still be served so much longer than it may block, milliseconds: it has to arrive. */
const ARRIVAL_MS = 200;

interface SentRead {
  readonly shards: ReadonlySet<number>;
  readonly ended: Promise<void>;
}

/** Reads that Redis may still serve. */
export class SentReads {
  private readonly reads = new Set<SentRead>();

  constructor(
    /** How long a read may block, milliseconds. */
    private readonly blockMs: number,
  ) {}

  /** How many there are. */
  get size(): number {
    return this.reads.size;
  }

  /** Notes a read that is sent now; exactly one of the two is to be called when it has ended. */
  send(shards: Iterable<number>): { answered: () => void; lost: () => void } {
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const read: SentRead = { shards: new Set(shards), ended };
    this.reads.add(read);
    const answered = () => {
      this.reads.delete(read);
      end();
    };
    // Redis does not know yet that nobody listens to that connection.
    return { answered, lost: () => void setTimeout(answered, this.blockMs + ARRIVAL_MS) };
  }

  /** Resolves when no read of the shard can be served any more. */
  async ended(shard: number): Promise<void> {
    await Promise.all([...this.reads].filter(({ shards }) => shards.has(shard)).map((read) => read.ended));
  }
}
