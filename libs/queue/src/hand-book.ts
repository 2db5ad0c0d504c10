/** Bytes of a character in memory, at the most. */
const BYTES_PER_CHAR = 2;
/** Bytes that an entry takes beside its body. Judgement. */
const ENTRY_OVERHEAD_BYTES = 300;

/** What is in hand of one shard, under which fence it is read, and where to read next: `>`, or after a pending id. */
export class ShardHand {
  after = '0';
  /** More seems to be pending than is in hand. */
  isSuspect = false;
  private readonly bytesOf = new Map<string, number>();
  private total = 0;

  constructor(readonly fence: number) {}

  get size(): number {
    return this.bytesOf.size;
  }

  /** Bytes of what is in hand, as they are in memory at the most. */
  get bytes(): number {
    return this.total;
  }

  has(streamId: string): boolean {
    return this.bytesOf.has(streamId);
  }

  take(streamId: string, body: string): void {
    this.set(streamId, ENTRY_OVERHEAD_BYTES + BYTES_PER_CHAR * body.length);
  }

  letGoOfBody(streamId: string): void {
    if (this.bytesOf.has(streamId)) this.set(streamId, ENTRY_OVERHEAD_BYTES);
  }

  drop(streamId: string): void {
    this.total -= this.bytesOf.get(streamId) ?? 0;
    this.bytesOf.delete(streamId);
  }

  private set(streamId: string, bytes: number): void {
    this.total += bytes - (this.bytesOf.get(streamId) ?? 0);
    this.bytesOf.set(streamId, bytes);
  }
}

/** What a consumer has in hand, by shard. */
export class HandBook {
  private readonly hands = new Map<number, ShardHand>();

  get entries(): number {
    let total = 0;
    for (const hand of this.hands.values()) total += hand.size;
    return total;
  }

  get bytes(): number {
    let total = 0;
    for (const hand of this.hands.values()) total += hand.bytes;
    return total;
  }

  get(shard: number): ShardHand | undefined {
    return this.hands.get(shard);
  }

  add(shard: number, fence: number): void {
    this.hands.set(shard, new ShardHand(fence));
  }

  delete(shard: number): void {
    this.hands.delete(shard);
  }

  shards(): number[] {
    return [...this.hands.keys()];
  }

  all(): Iterable<ShardHand> {
    return this.hands.values();
  }
}
