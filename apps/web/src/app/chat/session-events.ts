import { CloseCode, type Message } from '@parley/protocol';
import { serverClock } from '../server-clock.js';
import { membersIn } from './lists/presence.js';
import type { ChatSessionOptions } from './session-options.js';
import type { SessionParts } from './session-parts.js';
import type { Member } from './threads/chat-state.js';

/**
 * Hands what the connection tells to the parts that it concerns.
 *
 * @param signal - Ends it.
 * @param comeBack - A host has let somebody in again who had been put out of a room.
 */
export function listen(
  { client, onEnded }: Pick<ChatSessionOptions, 'client' | 'onEnded'>,
  { store, presence, lists, liveRooms, sync, follower, rooms, connection }: SessionParts,
  comeBack: (roomId: number) => void,
  signal: AbortSignal,
): void {
  /** Of a conversation the gateway tells who has it open, which is not who is there. */
  const announced = (roomId: number, count: number, members?: readonly Member[]) => {
    const isRoom = store.keyOfRoom(roomId).startsWith('room:');
    if (isRoom) presence.changed(roomId, count, members);
  };
  const arrivedDirect = (message: Message) => {
    follower.arrived(message);
    lists.used(message);
    rooms.begun(store.keyOf(message));
  };
  const offs = [
    client.on('state', (event) => connection.changed(event)),
    client.on('message', (message) => follower.arrived(message)),
    client.on('event', ({ entry }) => follower.arrived(entry)),
    client.on('message', ({ sentAt }) => serverClock.sent(sentAt)),
    client.on('event', ({ entry }) => serverClock.sent(entry.sentAt)),
    client.on('acked', ({ sentAt }) => serverClock.sent(sentAt)),
    client.on('roomState', ({ roomId, state }) => rooms.stands(roomId, state)),
    client.on('putOut', ({ roomId, ...putOut }) => rooms.putOut(roomId, putOut)),
    client.on('error', ({ code, roomId, until }) => rooms.refused(roomId, code, until)),
    client.on('waiting', ({ roomId, state }) => {
      if (state === 'admitted') comeBack(roomId);
    }),
    client.on('direct', arrivedDirect),
    client.on('joined', (frame) => {
      rooms.joined(frame);
      follower.fillActive();
    }),
    client.on('info', (frame) => announced(frame.roomId, frame.count, membersIn(frame))),
    client.on('count', ({ roomId, count }) => announced(roomId, count)),
    client.on('epoch', ({ roomId }) => follower.broken(roomId)),
    client.on('gaveUp', ({ what, roomId, reason }) => {
      // Told with the refusal itself.
      if (reason === 'BANNED' || reason === 'WAITING') return;
      if (what === 'messages' && roomId !== undefined) follower.lost(roomId, reason);
    }),
    client.on('read', (state) => sync.told(state)),
    client.on('watching', ({ version }) => liveRooms.watching(version)),
    client.on('rooms', ({ version, rooms: changed, removed }) =>
      liveRooms.changed(version, changed, removed),
    ),
    client.on('ended', ({ code }) => {
      if (code === CloseCode.sessionRevoked) onEnded('revoked');
      else if (code === CloseCode.unauthenticated) onEnded('expired');
    }),
  ];
  signal.addEventListener('abort', () => offs.forEach((off) => off()));
}
