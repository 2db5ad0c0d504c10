import type { RoomState } from '@parley/protocol';
import type { Connection, JoinedRoom, Place } from '../connections/connection.js';
import type { RecentMessages } from './recent-messages.js';

/** A room as its members catch up with it. */
export interface MembersRoom extends JoinedRoom {
  /** See `LocalRoom.stateFor`. */
  stateFor(userId: number, standing: 'member' | 'guest'): RoomState;
  readonly epoch: string;
  /** Last seq that every live member has. */
  readonly delivered: number;
  readonly recent: Pick<RecentMessages, 'after'>;
  readonly members: ReadonlyMap<Connection, Membership>;
  /** Makes a member live if it is exactly where the room is. Called in the turn in which its position was reached. */
  promote(member: Membership): void;
  /** Brings a member that is behind further, as far as its socket takes it. */
  resume(member: Membership): void;
  /** A member was told to read what it lacks itself. */
  collapsed(): void;
}

/**
 * A connection's place in a room.
 *
 * `live`: it gets every flush. Otherwise it is behind: `lastSeq` is the last message it was given, and a catch-up brings
 * it to the room's position, where it becomes live. Joining with a resume, a full socket and a drained one are all this.
 */
export interface Membership extends Place {
  readonly connection: Connection;
  readonly room: MembersRoom;
  live: boolean;
  /** Last seq given to the connection; kept only while behind. */
  lastSeq: number;
  catchingUp: boolean;
  /** Set while a catch-up that failed waits to be tried again. */
  retry?: NodeJS.Timeout | undefined;
}
