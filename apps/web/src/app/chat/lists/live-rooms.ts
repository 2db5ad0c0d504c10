import type { RoomChange } from '@parley/protocol';
import type { ChatStore } from '../threads/chat-store.js';

/** Everybody misses the same change: each reads the list again at a moment of its own within this. */
const READ_AGAIN_WITHIN_MS = 4_000;
/** The page that is read again may have been made this long ago. */
const PAGE_MADE_MS = 1_500;
/** Rooms that come on top of the list by being used; beyond, the list is read again. */
const MAX_ADDED = 200;
/** Changes remembered, for pages that were made before them: one a second is told, and a page is kept for one. */
const MAX_REMEMBERED = 16;

/** What the list is kept in. */
export interface LiveRoomsParts {
  readonly store: ChatStore;
  /** Reads the list again; `pageRead` tells of it. */
  readAgain(): void;
  /** Rooms that are in no list any more, if they are anything. */
  removed(roomIds: readonly number[]): void;
  readonly random?: () => number;
}

/** What was told with one version. */
interface Change {
  readonly version: number;
  readonly changes: readonly RoomChange[];
  readonly removed: readonly number[];
}

/** Keeps the list of rooms as the server tells: what is new, fuller, renamed or gone. A gap in the versions has it read again. */
export class LiveRooms {
  readonly #parts: LiveRoomsParts;
  /** The list has every change up to this one; undefined before it is read, and of a server that does not tell. */
  #known: number | undefined;
  #told: number | undefined;
  #added = 0;
  /** The newest of what was told, ascending by version. */
  #recent: Change[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: LiveRoomsParts, signal: AbortSignal) {
    this.#parts = parts;
    signal.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  /** The list was read anew. @param version - The oldest of its pages has every change up to this one. */
  pageRead(version: number | undefined): void {
    this.#known = version;
    this.#added = 0;
    if (version === undefined || this.#told === undefined || version >= this.#told) return;
    // Pages are made for many and kept for a moment: what was told since is not in them.
    const told = this.#told;
    const since = this.#recent.filter((change) => change.version > version && change.version <= told);
    if (since.length < told - version) return this.#missed();
    for (const { changes, removed } of since) this.#show(changes, removed);
    this.#known = told;
  }

  /** A further page was read and added to the list. */
  pageAdded(version: number | undefined): void {
    if (version !== undefined && version < (this.#known ?? -Infinity)) this.pageRead(version);
  }

  /** From here on changes are told; those before this version are not. */
  watching(version: number): void {
    if (version !== this.#told) this.#recent = [];
    this.#told = version;
    if (this.#known !== undefined && this.#known !== version) this.#missed();
  }

  /** Something has changed. */
  changed(version: number, changes: readonly RoomChange[], removed: readonly number[]): void {
    this.#told = version;
    this.#recent = [...this.#recent, { version, changes, removed }].slice(-MAX_REMEMBERED);
    this.#show(changes, removed);
    if (this.#known === undefined) return;
    if (version === this.#known + 1) this.#known = version;
    else if (version !== this.#known) this.#missed();
    if (this.#added > MAX_ADDED) this.#missed();
  }

  #show(changes: readonly RoomChange[], removed: readonly number[]): void {
    this.#apply(changes);
    if (removed.length > 0) this.#parts.removed(removed);
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
