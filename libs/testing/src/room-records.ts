import type { ClientWindow } from './client-window.js';
import type { RoomModeration } from './room-moderation.js';
import type { RoomHistory } from './room-history.js';

/** Everything recorded of one room. */
export interface RoomRecords {
  roomId: number;
  history: RoomHistory;
  /** The current or last stay of each client. */
  windows: Map<string, ClientWindow>;
  /** Earlier stays. */
  pastWindows: ClientWindow[];
  moderation: RoomModeration;
}
