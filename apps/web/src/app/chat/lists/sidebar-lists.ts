import { ApiError, type ParleyApi } from '@parley/client';
import type { Conversations, Message, Room, Rooms } from '@parley/protocol';
import { madeOnce } from '../../made-once.js';
import type { Retries } from '../../retries.js';
import { withConversation } from '../threads/chat-state.js';
import type { ChatStore } from '../threads/chat-store.js';
import { withHead } from '../threads/thread.js';
import { peerOf, roomKey, userKey } from '../threads/thread-key.js';

/** After a lost connection everybody is back at about the same time: each asks at a moment of its own within this. */
const AFTER_RECONNECT_MS = 10_000;
/** Everybody in a room that has become private asks whether he still has a place there, each at a moment of his own within this. */
const ASK_WITHIN_MS = 2_000;
/** Rooms read so recently are not asked for anew: who is online in an open room comes over the socket. */
const ROOMS_FRESH_MS = 60_000;

/** What the lists are read with, and whom they tell. */
export interface SidebarListsPorts {
  readonly api: Pick<
    ParleyApi,
    'roomsPage' | 'conversationsPage' | 'conversationWith' | 'createRoom' | 'room'
  >;
  readonly store: ChatStore;
  readonly retries: Retries;
  /** A part of the lists has been read. */
  loaded(): void;
  /** The list of rooms has been read anew; the oldest of its pages has all changes up to this version. */
  roomsRead(version: number | undefined): void;
  /** A further page of rooms has been read, with all changes up to this version. */
  roomsAdded(version: number | undefined): void;
  /** Rooms that are no more, for this user. */
  removed(roomIds: readonly number[]): void;
  failed(error: unknown): void;
  /** @defaultValue Math.random */
  readonly random?: () => number;
  /** Milliseconds, monotonic. @defaultValue performance.now */
  readonly now?: () => number;
}

/** What has been read of the lists. `undefined` for `…Next`: there is no more. */
interface SidebarPart {
  readonly rooms?: readonly Room[];
  readonly roomsNext?: string | undefined;
  readonly conversations?: ReturnType<ChatStore['get']>['conversations'];
  readonly conversationsNext?: string | undefined;
}

/** Reads the lists of rooms and conversations: their first pages, the next ones when asked for, and anew after a while. */
export class SidebarLists {
  readonly #ports: SidebarListsPorts;
  readonly #signal: AbortSignal;
  readonly #now: () => number;
  #roomsReadAtMs = -Infinity;
  /** Pages of rooms that the user has asked for. */
  #roomPages = 1;
  #isReading = false;
  /** Conversations in which something was said since the lists were asked for, in this order. */
  #usedSince: Parameters<typeof withConversation>[1][] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ports: SidebarListsPorts, signal: AbortSignal) {
    this.#ports = ports;
    this.#signal = signal;
    this.#now = ports.now ?? (() => performance.now());
    signal.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  /**
   * Reads the lists, now, and until it succeeds. Of the rooms as many pages as the user has asked for: what is in none of them
   * has sunk below, or is no more. Conversations from later pages stay: none is ever removed.
   */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isReading) return this.#ports.retries.hurry(0);
    this.#isReading = true;
    const { retries, store } = this.#ports;
    try {
      const [rooms, conversations] = await retries.run(() => this.#firstPages(), {
        signal: this.#signal,
        failed: (error) => this.#failed(error),
      });
      if (rooms) this.#roomsReadAtMs = this.#now();
      this.#loaded({
        ...(rooms && { rooms: this.#withShown(rooms.rooms), roomsNext: rooms.next }),
        conversations: this.#usedSince.reduce(
          withConversation,
          merged(conversations.conversations, store.get().conversations),
        ),
        conversationsNext: conversations.next,
      });
      if (!rooms) {
        // Asked for while the conversations alone were read.
        if (this.#areRoomsOld()) this.#timer ??= setTimeout(() => void this.refresh());
        return;
      }
      this.#ports.roomsRead(rooms.version);
      const shown = this.#shown();
      if (shown && !rooms.rooms.some(({ roomId }) => roomId === shown.roomId))
        void this.#readRoom(shown.roomId);
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isReading = false;
    }
  }

  /** Reads the first pages again because the connection was lost: soon, once, and not with everybody else. */
  refreshSoon(): void {
    this.#timer ??= setTimeout(
      () => void this.refresh(),
      (this.#ports.random ?? Math.random)() * AFTER_RECONNECT_MS,
    );
  }

  /** Reads the first pages now, however fresh they are: something was missed. */
  readAgain(): void {
    this.#roomsReadAtMs = -Infinity;
    void this.refresh();
  }

  /** Reads the only room that there is, a guest's, until it succeeds. */
  async readOne(roomId: number): Promise<void> {
    const { api, retries } = this.#ports;
    if (this.#isReading) return retries.hurry(0);
    this.#isReading = true;
    try {
      const failed = (error: unknown) => this.#failed(error);
      const room = await retries.run(() => api.room(roomId), { signal: this.#signal, failed });
      this.#loaded({ rooms: [room] });
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isReading = false;
    }
  }

  /** Has a room in the list that is not among the pages read so far. */
  async include(roomId: number): Promise<void> {
    if (!this.#ports.store.get().rooms.some((room) => room.roomId === roomId)) await this.#readRoom(roomId);
  }

  /**
   * Has the conversation with somebody in the list, however far it has sunk.
   *
   * @returns Its room; undefined when the two have never talked.
   * @throws {ApiError}
   */
  async findConversation(userId: number): Promise<number | undefined> {
    const { api, store, loaded } = this.#ports;
    const { conversationsNext, roomsPhase } = store.get();
    // All of them have been read: the one that is looked for would have been found.
    if (roomsPhase === 'ready' && conversationsNext === undefined) return undefined;
    const found = await api.conversationWith(userId);
    if (!found || this.#signal.aborted) return undefined;
    store.patch({ conversations: merged(store.get().conversations, [found]) });
    this.#known(found);
    loaded();
    return found.roomId;
  }

  /**
   * Rooms that are in the list no more. One that was opened here may have become private, with a place in it for this user: the
   * server is asked.
   */
  unlisted(roomIds: readonly number[]): void {
    const { store, removed, random = Math.random } = this.#ports;
    const { rooms, threads } = store.get();
    const gone = new Set(roomIds.filter((roomId) => !threads.has(roomKey(roomId))));
    store.patch({ rooms: rooms.filter(({ roomId }) => !gone.has(roomId)) });
    if (gone.size > 0) removed([...gone]);
    for (const roomId of roomIds) {
      if (gone.has(roomId)) continue;
      const timer = setTimeout(() => void this.#readRoom(roomId), random() * ASK_WITHIN_MS);
      this.#signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    }
  }

  /** Reads the next page of a list, if there is one, until it succeeds. */
  async more(list: 'rooms' | 'conversations'): Promise<void> {
    const { api, retries, store } = this.#ports;
    const options = { signal: this.#signal };
    const cursor = store.get()[`${list}Next`];
    if (cursor === undefined) return;
    try {
      if (list === 'rooms') {
        const { rooms, next, version } = await retries.run(() => api.roomsPage({ cursor }), options);
        this.#roomPages++;
        this.#loaded({ rooms: merged(store.get().rooms, rooms), roomsNext: next });
        this.#ports.roomsAdded(version);
      } else {
        const { conversations, next } = await retries.run(() => api.conversationsPage({ cursor }), options);
        this.#loaded({
          conversations: merged(store.get().conversations, conversations),
          conversationsNext: next,
        });
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Makes a room and shows it in the list. @throws {ApiError} */
  async createRoom(name: string, options?: { readonly listed: boolean }): Promise<Room> {
    const { api, store, failed } = this.#ports;
    try {
      const room = await madeOnce('room', [store.me.userId, name, options], (key) =>
        api.createRoom(name, { ...options, key }),
      );
      store.patch({ rooms: merged([room], store.get().rooms) });
      return room;
    } catch (error) {
      failed(error);
      throw error;
    }
  }

  /** A direct message came: its conversation moves to the top. */
  used(message: Message): void {
    const { store } = this.#ports;
    const peer = peerOf(message, store.me.userId);
    const used = { roomId: message.roomId, peer, head: message.seq };
    if (this.#isReading) this.#usedSince.push(used);
    store.patch({ conversations: withConversation(store.get().conversations, used) });
  }

  #areRoomsOld(): boolean {
    return this.#now() - this.#roomsReadAtMs >= ROOMS_FRESH_MS;
  }

  #firstPages(): Promise<[Rooms | undefined, Conversations]> {
    const { api } = this.#ports;
    this.#usedSince = [];
    return Promise.all([this.#areRoomsOld() ? this.#roomsAgain() : undefined, api.conversationsPage()]);
  }

  /** As many pages as there were, as one. Its version is the oldest of theirs: the server keeps each for a moment. */
  async #roomsAgain(): Promise<Rooms> {
    const { api } = this.#ports;
    let all = await api.roomsPage();
    for (let pages = 1; pages < this.#roomPages && all.next !== undefined; pages++) {
      const { rooms, next, version } = await api.roomsPage({ cursor: all.next });
      all = { rooms: [...merged(all.rooms, rooms)], next, version: older(all.version, version) };
    }
    return all;
  }

  #shown(): Room | undefined {
    const { active, rooms } = this.#ports.store.get();
    return rooms.find(({ roomId }) => active === roomKey(roomId));
  }

  /** The room that is shown stays in the list, however far it has sunk. */
  #withShown(rooms: readonly Room[]): readonly Room[] {
    const shown = this.#shown();
    return shown ? merged(rooms, [shown]) : rooms;
  }

  async #readRoom(roomId: number): Promise<void> {
    const { api, store, failed, removed } = this.#ports;
    try {
      const read = await api.room(roomId);
      if (read.kind === 'room') store.patch({ rooms: withRoom(store.get().rooms, read) });
    } catch (error) {
      if (error instanceof ApiError && error.code === 'ROOM_NOT_FOUND') {
        store.patch({ rooms: store.get().rooms.filter((room) => room.roomId !== roomId) });
        removed([roomId]);
      }
      // Else it has a number for a name.
      failed(error);
    }
  }

  #loaded(part: SidebarPart): void {
    if (this.#signal.aborted) return;
    const { store, loaded } = this.#ports;
    store.patch({ ...part, roomsPhase: 'ready' });
    for (const conversation of part.conversations ?? []) this.#known(conversation);
    loaded();
  }

  #known({ peer, roomId, head }: Conversations['conversations'][number]): void {
    this.#ports.store.update(userKey(peer.userId), (thread) => ({ ...withHead(thread, head), roomId }));
  }

  #failed(error: unknown): void {
    const { store, failed } = this.#ports;
    failed(error);
    if (store.get().roomsPhase !== 'ready') store.patch({ roomsPhase: 'failed' });
  }
}

/** The older of two versions; undefined when a page does not say. */
const older = (one: number | undefined, other: number | undefined) =>
  one === undefined || other === undefined ? undefined : Math.min(one, other);

/** With what is known of a room now. It stays where it is: the list that came first has said where; else it comes last. */
function withRoom(rooms: readonly Room[], read: Room): readonly Room[] {
  const isListed = rooms.some(({ roomId }) => roomId === read.roomId);
  // How many are there is told: what was told is not older than what was read.
  const known = (room: Room) => (room.roomId === read.roomId ? { ...read, online: room.online } : room);
  return isListed ? rooms.map(known) : [...rooms, read];
}

/** Both lists in this order, each entry once, as the first list has it. */
function merged<T extends { readonly roomId: number }>(
  first: readonly T[],
  then: readonly T[],
): readonly T[] {
  const ids = new Set(first.map(({ roomId }) => roomId));
  return [...first, ...then.filter(({ roomId }) => !ids.has(roomId))];
}
