import { ApiError, type ParleyApi } from '@parley/client';
import type { InfoFrame } from '@parley/protocol';
import type { Retries } from '../../retries.js';
import { withEntry, type Member } from '../threads/chat-state.js';
import type { ChatStore } from '../threads/chat-store.js';
import { userKey } from '../threads/thread-key.js';

/** How old the presence of the one whom one talks to may be, milliseconds. Chosen by judgement. */
const peerEveryMs = 15_000;

/** Who is online in the rooms that are open. */
export class Presence {
  readonly #store: ChatStore;
  readonly #api: Pick<ParleyApi, 'members' | 'presence'>;
  readonly #retries: Retries;
  readonly #failed: (error: unknown) => void;
  /** How often a gateway has told of a room, and how often it named who is there. */
  readonly #told = new Map<number, { readonly times: number; readonly named: number }>();

  constructor(
    store: ChatStore,
    api: Pick<ParleyApi, 'members' | 'presence'>,
    retries: Retries,
    failed: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#api = api;
    this.#retries = retries;
    this.#failed = failed;
  }

  /**
   * Asks who is in a room that is on the screen until `signal`; afterwards the gateway tells every change. What it tells
   * before the answer is here is newer than the answer, and may be the last that is told.
   */
  async load(roomId: number, signal: AbortSignal): Promise<void> {
    try {
      const asked = async () => {
        const before = this.#toldOf(roomId);
        return { before, ...(await this.#api.members(roomId)) };
      };
      const { before, count, members } = await this.#retries.run(asked, { signal });
      const { times, named } = this.#toldOf(roomId);
      if (named !== before.named) return;
      const newest = times === before.times ? count : this.#store.get().present.get(roomId)?.count;
      if (newest !== undefined) this.#show(roomId, newest, members);
    } catch (error) {
      // The gateway tells it with the next change anyway.
      this.#failed(error);
    }
  }

  /** Keeps asking who of a conversation is connected, while it is on the screen: nobody tells that. */
  async follow(roomId: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (document.visibilityState === 'visible') await this.load(roomId, signal);
      await pause(peerEveryMs, signal);
    }
  }

  /** The same of somebody with whom nothing was said yet. @param isBegun - From then on the conversation is followed. */
  async followPeer(userId: number, isBegun: () => boolean, signal: AbortSignal): Promise<void> {
    const isNobody = () => this.#store.thread(userKey(userId)).phase === 'missing';
    while (!signal.aborted && !isBegun() && !isNobody()) {
      if (document.visibilityState === 'visible') await this.#loadPeer(userId, signal);
      await pause(peerEveryMs, signal);
    }
  }

  async #loadPeer(userId: number, signal: AbortSignal): Promise<void> {
    try {
      const { online } = await this.#retries.run(() => this.#api.presence(userId), { signal });
      if (!signal.aborted) this.#store.patch({ peer: { userId, isThere: online } });
    } catch (error) {
      this.#failed(error);
      if (error instanceof ApiError && error.code === 'USER_NOT_FOUND')
        this.#store.update(userKey(userId), (thread) => ({ ...thread, phase: 'missing' }));
    }
  }

  /** Nobody tells of this room any more. */
  forget(roomId: number): void {
    this.#heard(roomId, true);
    const present = new Map(this.#store.get().present);
    if (present.delete(roomId)) this.#store.patch({ present });
  }

  /** A gateway tells it. @param members - Without them those known stay. */
  changed(roomId: number, count: number, members?: readonly Member[]): void {
    this.#heard(roomId, members !== undefined);
    this.#show(roomId, count, members);
  }

  #toldOf(roomId: number): { readonly times: number; readonly named: number } {
    return this.#told.get(roomId) ?? { times: 0, named: 0 };
  }

  #heard(roomId: number, isNamed: boolean): void {
    const { times, named } = this.#toldOf(roomId);
    this.#told.set(roomId, { times: times + 1, named: isNamed ? named + 1 : named });
  }

  #show(roomId: number, count: number, members?: readonly Member[]): void {
    const { present, rooms } = this.#store.get();
    const known = present.get(roomId)?.members ?? [];
    this.#store.patch({
      present: withEntry(present, roomId, { count, members: [...(members ?? known)] }),
      rooms: rooms.map((room) => (room.roomId === roomId ? { ...room, online: count } : room)),
    });
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

/** Who is in a room, as a gateway tells it. */
export const membersIn = ({ roomUserInfo, guests = [] }: InfoFrame): Member[] =>
  Object.entries(roomUserInfo).map(([id, userName]) => ({
    ...{ userId: Number(id), userName },
    ...(guests.includes(Number(id)) && { guest: true }),
  }));
