import type { Connection, Place } from '../connections/connection.js';
import type { LocalRoom } from './local-room.js';

/**
 * A connection's place in a room.
 *
 * `live`: it gets every flush. Otherwise it is behind: `lastSeq` is the last message it was given, and a catch-up brings
 * it to the room's position, where it becomes live. Joining with a resume, a full socket and a drained one are all this.
 */
export interface Membership extends Place {
  readonly connection: Connection;
  readonly room: LocalRoom;
  live: boolean;
  /** Last seq given to the connection; kept only while behind. */
  lastSeq: number;
  catchingUp: boolean;
  /** Set while a catch-up that failed waits to be tried again. */
  retry?: NodeJS.Timeout | undefined;
}
