import { LRUCache } from 'lru-cache';
import type { RoomsRepository } from '../rooms/rooms.repository.js';

const MAX_KNOWN = 50_000;

/** Who is a guest, and since when he is in; asked only while guests are put out of a room. */
export class KnownGuests {
  /** An account never becomes a guest. */
  private readonly accounts = new LRUCache<number, true>({ max: MAX_KNOWN });

  constructor(private readonly rooms: Pick<RoomsRepository, 'guestAdmittedAt'>) {}

  /** Whether somebody is a guest who was let in before a moment, milliseconds since 1970, or was not at all. */
  async cameBefore(userId: number, since: number): Promise<boolean> {
    if (this.accounts.has(userId)) return false;
    const admittedAt = await this.rooms.guestAdmittedAt(userId);
    if (admittedAt === undefined) this.accounts.set(userId, true);
    return admittedAt !== undefined && admittedAt < since;
  }
}
