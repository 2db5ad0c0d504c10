import { Op, type Entry, type Message } from '@parley/protocol';
import type { Route } from '../../routing/route.js';

/** Names a room, or the conversation with one user; the latter before it has a room id of its own, too. */
export type ThreadKey = `room:${number}` | `user:${number}`;

export const roomKey = (roomId: number): ThreadKey => `room:${roomId}`;
export const userKey = (userId: number): ThreadKey => `user:${userId}`;

/** The other one of a direct message. */
export function peerOf(message: Message, me: number): { readonly userId: number; readonly userName: string } {
  return message.fromUserId === me
    ? { userId: message.toUserId, userName: message.toUserName }
    : { userId: message.fromUserId, userName: message.fromUserName };
}

/** Where a message belongs. */
export function keyOf(message: Entry, me: number): ThreadKey {
  return message.op === Op.direct ? userKey(peerOf(message, me).userId) : roomKey(message.roomId);
}

/** What a page shows; undefined for pages without messages. */
export function keyOfRoute(route: Route): ThreadKey | undefined {
  if (route.page === 'room') return roomKey(route.roomId);
  if (route.page === 'direct') return userKey(route.userId);
  return undefined;
}

/** Reads a key's parts. */
export function parseKey(key: ThreadKey): { readonly kind: 'room' | 'user'; readonly id: number } {
  const [kind, id] = key.split(':');
  return { kind: kind === 'user' ? 'user' : 'room', id: Number(id) };
}
