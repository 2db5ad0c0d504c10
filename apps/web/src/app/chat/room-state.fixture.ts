import type { RoomState } from '@parley/protocol';

/** A room in which nobody has changed anything, as a member of it sees it. */
export const plainRoom: RoomState = {
  mode: 'everyone',
  slowModeWaitTime: 0,
  guestPolicy: 'ALWAYS_ACCEPT',
  panic: false,
  pins: [],
  roles: {},
  role: 'member',
  mutedUntil: 0,
};
