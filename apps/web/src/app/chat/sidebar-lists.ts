import { type ParleyApi } from '@parley/client';
import type { Room } from '@parley/protocol';
import type { Conversation } from './chat-state.js';

/** After a lost connection everybody is back at about the same time: each asks at a moment of its own within this. */
const AFTER_RECONNECT_MS = 10_000;
/** Rooms read so recently are not asked for anew: who is online in an open room comes over the socket. */
const ROOMS_FRESH_MS = 60_000;

/** What the lists are read with, and whom they tell. */
export interface SidebarListsPorts {
  readonly api: Pick<ParleyApi, 'roomsPage' | 'conversationsPage'>;
  rooms(): readonly Room[];
  conversations(): readonly Conversation[];
  /** A part of the lists has been read. `next…` says whether there is more. */
  loaded(part: SidebarPart): void;
  failed(error: unknown): void;
  /** @defaultValue Math.random */
  readonly random?: () => number;
  /** Milliseconds, monotonic. @defaultValue performance.now */
  readonly now?: () => number;
}

/** What has been read of the lists. */
export interface SidebarPart {
  readonly rooms?: readonly Room[];
  readonly roomsNext?: string | undefined;
  readonly conversations?: readonly Conversation[];
  readonly conversationsNext?: string | undefined;
}

/** Reads the lists of rooms and conversations: their first pages, the next ones when asked for, and anew after a while. */
export class SidebarLists {
  readonly #ports: SidebarListsPorts;
  readonly #now: () => number;
  #roomsReadAtMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ports: SidebarListsPorts, signal: AbortSignal) {
    this.#ports = ports;
    this.#now = ports.now ?? (() => performance.now());
    signal.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  /** Reads the first pages, now. What came from later pages stays below. */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { api, loaded, failed } = this.#ports;
    const withRooms = this.#now() - this.#roomsReadAtMs >= ROOMS_FRESH_MS;
    try {
      const [rooms, conversations] = await Promise.all([
        withRooms ? api.roomsPage() : undefined,
        api.conversationsPage(),
      ]);
      if (rooms) this.#roomsReadAtMs = this.#now();
      loaded({
        ...(rooms && { rooms: merged(rooms.rooms, this.#ports.rooms()), roomsNext: rooms.next }),
        conversations: merged(conversations.conversations, this.#ports.conversations()),
        conversationsNext: conversations.next,
      });
    } catch (error) {
      failed(error);
    }
  }

  /** Reads the first pages again because the connection was lost: soon, once, and not with everybody else. */
  refreshSoon(): void {
    this.#timer ??= setTimeout(
      () => void this.refresh(),
      (this.#ports.random ?? Math.random)() * AFTER_RECONNECT_MS,
    );
  }

  /** Reads the page of a list that starts at `cursor`, if there is one. */
  async more(list: 'rooms' | 'conversations', cursor: string | undefined): Promise<void> {
    if (cursor === undefined) return;
    const { api, loaded, failed } = this.#ports;
    try {
      if (list === 'rooms') {
        const { rooms, next } = await api.roomsPage({ cursor });
        loaded({ rooms: merged(this.#ports.rooms(), rooms), roomsNext: next });
      } else {
        const { conversations, next } = await api.conversationsPage({ cursor });
        loaded({
          conversations: merged(this.#ports.conversations(), conversations),
          conversationsNext: next,
        });
      }
    } catch (error) {
      failed(error);
    }
  }
}

/** Both lists in this order, each entry once, as the first list has it. */
function merged<T extends { readonly roomId: number }>(
  first: readonly T[],
  then: readonly T[],
): readonly T[] {
  const ids = new Set(first.map(({ roomId }) => roomId));
  return [...first, ...then.filter(({ roomId }) => !ids.has(roomId))];
}
