import type { ConnectionState } from '@parley/client';
import type { ConnectionInfo } from '../threads/chat-state.js';

/**
 * What the user is told, from what the client does.
 *
 * @param retryAtMs - When the next attempt is made, if one is waiting.
 * @param isOnline - `navigator.onLine`: false is certain, true is not.
 */
export function connectionInfo(
  state: ConnectionState,
  retryAtMs: number | undefined,
  isOnline: boolean,
): ConnectionInfo {
  switch (state) {
    case 'online':
      return { status: 'online' };
    case 'closed':
      return { status: 'offline' };
    case 'idle':
    case 'connecting':
      return { status: isOnline ? 'connecting' : 'offline' };
    case 'reconnecting':
      if (!isOnline) return { status: 'offline' };
      return retryAtMs === undefined ? { status: 'reconnecting' } : { status: 'reconnecting', retryAtMs };
  }
}
