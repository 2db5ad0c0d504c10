import { bucketOf } from '@parley/sharding';
import type { Membership } from './membership.js';

/** Members above which a flush yields between slices. */
const LARGE = 256;

/** The live members of a room in fan-out slices, by user. */
export class Buckets {
  private readonly slicesOf: Set<Membership>[];
  private count = 0;

  constructor(bucketCount: number) {
    this.slicesOf = Array.from({ length: bucketCount }, () => new Set<Membership>());
  }

  get isLarge(): boolean {
    return this.count > LARGE;
  }

  add(member: Membership): void {
    const slice = this.sliceOf(member);
    if (slice.has(member)) return;
    slice.add(member);
    this.count++;
  }

  delete(member: Membership): void {
    if (this.sliceOf(member).delete(member)) this.count--;
  }

  /** Non-empty slices. Members may be deleted meanwhile; none are added during a flush. */
  *slices(): Iterable<Set<Membership>> {
    for (const slice of this.slicesOf) if (slice.size > 0) yield slice;
  }

  private sliceOf(member: Membership): Set<Membership> {
    const userId = member.connection.identity?.userId ?? 0;
    return this.slicesOf[bucketOf(userId, this.slicesOf.length)] as Set<Membership>;
  }
}
