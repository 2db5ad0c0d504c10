import type { RoomState } from '@parley/protocol';
import { useChatState } from '../site/site-context.js';

/** How a joined room stands; undefined while it is not joined. */
export const useRoomState = (roomId: number): RoomState | undefined =>
  useChatState((state) => state.roomStates.get(roomId));
