import { LRUCache } from 'lru-cache';
import type { RoomsRepository } from '../rooms/rooms.repository.js';

const MAX_MEMBERS = 50_000;
/** Whoever has lost his place, by losing a role, has it for so long at the most, milliseconds. A ban holds at once. */
const FRESH_MS = 30_000;

/** Who is a member of which private room, as far as it was asked: nobody waits for SQL twice. That somebody is none is not remembered. */
export class PrivateMembers {
  private readonly known = new LRUCache<string, true>({
    max: MAX_MEMBERS,
    ttl: FRESH_MS,
    perf: { now: () => performance.now() },
  });

  constructor(private readonly rooms: Pick<RoomsRepository, 'hasMember'>) {}

  /** Whether {@link has} will not wait for SQL. */
  knows(roomId: number, userId: number): boolean {
    return this.known.has(`${roomId}:${userId}`);
  }

  async has(roomId: number, userId: number): Promise<boolean> {
    const key = `${roomId}:${userId}`;
    if (this.known.has(key)) return true;
    const isMember = await this.rooms.hasMember(roomId, userId);
    if (isMember) this.known.set(key, true);
    return isMember;
  }

  forgetAll(): void {
    this.known.clear();
  }
}
