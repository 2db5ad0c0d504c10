import type { Conversations, Members, Room, RoomState } from '@parley/protocol';
import { emptyThread, type Thread } from './thread.js';
import type { ThreadKey } from './thread-key.js';

/** What the user is told about the connection. `retryAtMs`: when the next attempt is made, in the time of `performance.now`. */
export interface ConnectionInfo {
  readonly status: 'connecting' | 'online' | 'reconnecting' | 'offline';
  readonly retryAtMs?: number;
}

export type Conversation = Conversations['conversations'][number];
export type Member = Members['members'][number];

/** What has been sent and is not accepted yet, in all threads. */
export interface OutboxInfo {
  /** Messages that wait; refused ones do not. */
  readonly waiting: number;
  /** Whether they survive the page. Not so where the browser keeps nothing. */
  readonly isDurable: boolean;
}

/** Everything the pages of a logged-in user show. Immutable. */
export interface ChatState {
  readonly connection: ConnectionInfo;
  readonly outbox: OutboxInfo;
  readonly rooms: readonly Room[];
  /** Where the next page of rooms starts, while there is one. */
  readonly roomsNext: string | undefined;
  readonly roomsPhase: 'loading' | 'ready' | 'failed';
  /** The most recently used first. */
  readonly conversations: readonly Conversation[];
  /** Where the next page of conversations starts, while there is one. */
  readonly conversationsNext: string | undefined;
  readonly threads: ReadonlyMap<ThreadKey, Thread>;
  /** Who is online, by room id. */
  readonly present: ReadonlyMap<number, Members>;
  /** How the joined rooms stand for this user, by room id: mode, roles, pins, and whether he may speak. */
  readonly roomStates: ReadonlyMap<number, RoomState>;
  /** Whether the one is there with whom a conversation has been opened that has not begun; undefined while nobody said so. */
  readonly peer: { readonly userId: number; readonly isThere: boolean } | undefined;
  /** What the page shows. */
  readonly active: ThreadKey | undefined;
}

export const initialChatState: ChatState = {
  connection: { status: 'connecting' },
  outbox: { waiting: 0, isDurable: true },
  rooms: [],
  roomsNext: undefined,
  roomsPhase: 'loading',
  conversations: [],
  conversationsNext: undefined,
  threads: new Map(),
  present: new Map(),
  roomStates: new Map(),
  peer: undefined,
  active: undefined,
};

/** One thread; an empty one when it was never touched. */
export const threadOf = (state: ChatState, key: ThreadKey): Thread => state.threads.get(key) ?? emptyThread;

/** A map with one more entry, or another value for it. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return map.get(key) === value ? map : new Map(map).set(key, value);
}

/** A map without an entry. */
export function withoutEntry<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  if (!map.has(key)) return map;
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}

/** A conversation moves to the top, or appears there. */
export function withConversation(list: readonly Conversation[], used: Conversation): readonly Conversation[] {
  const known = list.find((other) => other.peer.userId === used.peer.userId);
  const head = Math.max(used.head, known?.head ?? 0);
  return [{ ...used, head }, ...list.filter((other) => other !== known)];
}
