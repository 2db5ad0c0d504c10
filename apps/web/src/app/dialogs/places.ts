import { unreadCount } from '../chat/reading/unread.js';
import { threadOf, type ChatState } from '../chat/threads/chat-state.js';
import { roomKey, userKey, type ThreadKey } from '../chat/threads/thread-key.js';
import type { Route } from '../routing/route.js';

/** Somewhere to go: a room, or the conversation with a person. */
export interface Place {
  readonly key: ThreadKey;
  readonly kind: 'room' | 'person';
  readonly name: string;
  readonly unread: number;
  readonly route: Route;
}

/** Every place that the lists of the sidebar know, in their order. */
export function placesOf(state: ChatState): Place[] {
  const unreadOf = (key: ThreadKey) => unreadCount(threadOf(state, key));
  const rooms = state.rooms.filter((room) => room.kind === 'room');
  return [
    ...rooms.map(({ roomId, name }): Place => {
      const key = roomKey(roomId);
      return { key, kind: 'room', name, unread: unreadOf(key), route: { page: 'room', roomId } };
    }),
    ...state.conversations.map(({ peer }): Place => {
      const key = userKey(peer.userId);
      const route: Route = { page: 'direct', userId: peer.userId };
      return { key, kind: 'person', name: peer.userName, unread: unreadOf(key), route };
    }),
  ];
}

/** Places whose name holds all words of a question, those that begin with it first, what is unread before the rest. */
export function foundPlaces(places: readonly Place[], question: string): Place[] {
  const words = question.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const rank = ({ name, unread }: Place) =>
    (name.toLocaleLowerCase().startsWith(words[0] ?? '') ? 0 : 2) + (unread > 0 ? 0 : 1);
  return places
    .filter(({ name }) => words.every((word) => name.toLocaleLowerCase().includes(word)))
    .sort((one, other) => rank(one) - rank(other));
}

/** The place with something unread that comes next, round and round; undefined when there is none elsewhere. */
export function nextUnread(
  places: readonly Place[],
  active: ThreadKey | undefined,
  step: 1 | -1,
): Place | undefined {
  const from = places.findIndex(({ key }) => key === active);
  const count = places.length;
  for (let i = 1; i <= count; i++) {
    const place = places[((((from < 0 && step < 0 ? 0 : from) + step * i) % count) + count) % count];
    if (place && place.unread > 0 && place.key !== active) return place;
  }
  return undefined;
}
