import type { RoomChange } from '@parley/protocol';
import type { ChatStore } from '../threads/chat-store.js';

/** Everybody misses the same change: each reads the list again at a moment of its own within this. */
const READ_AGAIN_WITHIN_MS = 4_000;
/** The page that is read again may have been made this long ago. */
const PAGE_MADE_MS = 1_500;
/** Rooms that come on top of the list by being used; beyond, the list is read again. */
const MAX_ADDED = 200;

/** What the list is kept in. */
export interface LiveRoomsParts {
  readonly store: ChatStore;
  /** Reads the first page again; `pageRead` tells of it. */
  readAgain(): void;
  /** Rooms that are in no list any more, if they are anything. */
  removed(roomIds: readonly number[]): void;
  readonly random?: () => number;
}

/** Keeps the list of rooms as the server tells: what is new, fuller, renamed or gone. A gap in the versions has it read again. */
export class LiveRooms {
  readonly #parts: LiveRoomsParts;
  /** The list has every change up to this one; undefined before it is read, and of a server that does not tell. */
  #known: number | undefined;
  #told: number | undefined;
  #added = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: LiveRoomsParts, signal: AbortSignal) {
    this.#parts = parts;
    signal.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  /** The first page was read. */
  pageRead(version: number | undefined): void {
    this.#known = version;
    this.#added = 0;
    if (version !== undefined && this.#told !== undefined && version < this.#told) this.#missed();
  }

  /** From here on changes are told; those before this version are not. */
  watching(version: number): void {
    this.#told = version;
    if (this.#known !== undefined && this.#known !== version) this.#missed();
  }

  /** Something has changed. */
  changed(version: number, changes: readonly RoomChange[], removed: readonly number[]): void {
    this.#told = version;
    this.#apply(changes);
    if (removed.length > 0) this.#parts.removed(removed);
    if (this.#known === undefined) return;
    if (version === this.#known + 1) this.#known = version;
    else if (version !== this.#known) this.#missed();
    if (this.#added > MAX_ADDED) this.#missed();
  }

  #apply(changes: readonly RoomChange[]): void {
    const { store } = this.#parts;
    const { rooms } = store.get();
    const known = new Set(rooms.map(({ roomId }) => roomId));
    // Who is listed nowhere yet and has only been left by somebody is no news.
    const added = changes.filter(
      ({ roomId, online, created }) => !known.has(roomId) && (created === true || online > 0),
    );
    this.#added += added.length;
    const byId = new Map(changes.map((change) => [change.roomId, change]));
    store.patch({
      rooms: [
        ...added.map(({ roomId, name, kind, online }) => ({ roomId, name, kind, online })),
        ...rooms.map((room) => {
          const change = byId.get(room.roomId);
          if (!change) return room;
          // Who is told of it is told of a listed one.
          const { private: _, ...listed } = room;
          return { ...listed, name: change.name, online: change.online };
        }),
      ],
    });
  }

  #missed(): void {
    const { random = Math.random, readAgain } = this.#parts;
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        readAgain();
      },
      PAGE_MADE_MS + random() * READ_AGAIN_WITHIN_MS,
    );
  }
}
