import { limits } from '@parley/protocol';
import type { Connection } from '../connections/connection.js';
import type { LocalRoom } from './local-room.js';
import type { Membership } from './membership.js';

/** Conversations that messages may have opened on one connection, beside the rooms that it has joined. */
export const MAX_OPENED = limits.maxRoomsPerConnection;
/** A conversation is only let go of when no message of it can be on its way, milliseconds. */
const QUIET_MS = 10_000;

/**
 * Puts a connection into a conversation that a message has opened: it did not ask for it, so its own rooms are not
 * counted against. Of many, the one that was quiet for longest is let go of; the next message opens it again.
 *
 * @param roomOf - The room of a conversation here.
 * @param letGo - Takes the connection out of a conversation.
 * @returns false when too many are busy: the connection has to read the message itself.
 */
export function openConversation(
  connection: Connection,
  room: LocalRoom,
  roomOf: (roomId: number) => LocalRoom | undefined,
  letGo: (roomId: number) => void,
): boolean {
  const { memberships } = connection;
  const known = memberships.get(room.roomId);
  if (known) {
    // Behind the others: they are in the order of their last message.
    if (known.byMessage && memberships.delete(room.roomId)) memberships.set(room.roomId, known);
    return true;
  }
  const opened = [...memberships].filter(([, place]) => place.byMessage);
  if (opened.length >= MAX_OPENED) {
    const now = performance.now();
    const quiet = opened.find(([roomId]) => {
      const other = roomOf(roomId);
      return (
        !other || (other.isQuiet && now - other.usedAt >= QUIET_MS && roomId !== connection.currentRoomId)
      );
    });
    if (!quiet) return false;
    letGo(quiet[0]);
  }
  const member: Membership = room.add(connection, room.delivered);
  member.byMessage = true;
  room.promote(member);
  return true;
}
