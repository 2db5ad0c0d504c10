import { ClientError, type ParleyApi, type ParleyClient } from '@parley/client';
import type { JoinedFrame, RoomState } from '@parley/protocol';
import type { Retries } from '../../retries.js';
import type { Presence } from '../lists/presence.js';
import type { ReadPositions } from '../reading/read-positions.js';
import type { ReadSync } from '../reading/read-sync.js';
import type { ChatStore } from '../threads/chat-store.js';
import { withEntry, withoutEntry } from '../threads/chat-state.js';
import { emptyThread, withHead, withPutOut, type PutOut } from '../threads/thread.js';
import { parseKey, roomKey, type ThreadKey } from '../threads/thread-key.js';

/** What joining stands on. */
export interface JoinedRoomsParts {
  readonly client: Pick<ParleyClient, 'join' | 'leave' | 'waitFor'>;
  readonly api: Pick<ParleyApi, 'unfollow'>;
  readonly store: ChatStore;
  readonly positions: ReadPositions;
  readonly sync: Pick<ReadSync, 'joined' | 'left'>;
  readonly presence: Presence;
  readonly retries: Retries;
  /** Aborted when the session ends. */
  readonly signal: AbortSignal;
  /** Where somebody is who was nowhere. */
  readonly home: number;
  /** Aborted when what is on the screen now leaves it. */
  shown(): AbortSignal;
}

/** The rooms that this session follows: the one that is shown, and those that were before it. */
export class JoinedRooms {
  readonly #parts: JoinedRoomsParts;
  /** Of what was opened last; undefined for a conversation that has none yet. */
  #opened: number | undefined;
  /** Left by the user, of which the server has not heard yet: it would have them followed again. */
  readonly #leaving = new Set<number>();

  constructor(parts: JoinedRoomsParts) {
    this.#parts = parts;
  }

  /** Joins what was open the last time. Without a room there is no connection, and direct messages would wait. */
  start(): void {
    const { home, positions } = this.#parts;
    for (const roomId of positions.openRooms.length > 0 ? positions.openRooms : [home])
      this.#join(roomKey(roomId), roomId);
  }

  /** A thread is opened. A conversation in which nothing was said has nothing to join. */
  open(key: ThreadKey): void {
    const { positions, presence, shown, store } = this.#parts;
    const { kind, id } = parseKey(key);
    if (kind === 'room') this.#leaving.delete(id);
    this.#opened = kind === 'room' ? id : store.thread(key).roomId;
    if (kind === 'room') for (const closed of positions.open(id)) void this.#part(closed);
    if (this.#opened !== undefined) this.#join(key, this.#opened);
    else void presence.followPeer(id, () => store.thread(key).roomId !== undefined, shown());
  }

  /** A thread may have got its room: a conversation has one from its first message on. */
  begun(key: ThreadKey): void {
    const { store } = this.#parts;
    if (this.#opened === undefined && store.get().active === key && store.thread(key).roomId !== undefined)
      this.open(key);
  }

  /** Rooms that are no more. Whoever has one on the screen is told. */
  removed(roomIds: readonly number[]): void {
    const { positions, store } = this.#parts;
    for (const roomId of roomIds) {
      positions.close(roomId);
      this.#forgetState(roomId);
      const key = roomKey(roomId);
      if (store.get().threads.has(key)) store.update(key, (thread) => ({ ...thread, phase: 'missing' }));
    }
  }

  /**
   * Rooms that the user follows on other devices, too: as many of them as may be open are joined here.
   *
   * @returns Whether that is all of them.
   */
  follow(roomIds: readonly number[]): boolean {
    const { positions, store } = this.#parts;
    for (const roomId of roomIds) {
      // Who was put out comes back by himself, or not at all.
      if (store.thread(roomKey(roomId)).phase === 'missing' || this.#leaving.has(roomId)) continue;
      if (positions.openBelow(roomId)) this.#join(roomKey(roomId), roomId);
    }
    const { openRooms } = positions;
    return roomIds.every(
      (roomId) =>
        openRooms.includes(roomId) ||
        this.#leaving.has(roomId) ||
        store.thread(roomKey(roomId)).phase === 'missing',
    );
  }

  /** The room is not followed any more, on any device, and nothing of it is kept. */
  leave(roomId: number): void {
    const { api, retries, signal } = this.#parts;
    const parted = this.left(roomId);
    this.#leaving.add(roomId);
    // Until this is heard, other devices go on following it. What was read there before must not come after it.
    const unfollow = async () => {
      await parted;
      await api.unfollow(roomId);
    };
    retries
      .run(unfollow, { signal, isPast: () => !this.#leaving.has(roomId) })
      .catch(() => undefined)
      .finally(() => this.#leaving.delete(roomId));
  }

  /** The user has left the room, here or elsewhere. @returns When this connection has. */
  left(roomId: number): Promise<void> {
    this.#parts.sync.left(roomId);
    const parted = this.#part(roomId);
    this.#parts.store.forget(roomKey(roomId));
    return parted;
  }

  /** How a joined room stands for this user, from here on. */
  stands(roomId: number, state: RoomState): void {
    const { store } = this.#parts;
    const before = store.get().roomStates.get(roomId);
    // Most acts change no role: who shows roles has nothing to do then.
    const isSame = before && JSON.stringify(before.roles) === JSON.stringify(state.roles);
    const next = isSame ? { ...state, roles: before.roles } : state;
    store.patch({ roomStates: withEntry(store.get().roomStates, roomId, next) });
  }

  /** A host has put this user out. He is not led back: that is for him to ask. */
  putOut(roomId: number, putOut: PutOut): void {
    const { positions, presence, store } = this.#parts;
    positions.close(roomId);
    presence.forget(roomId);
    this.#forgetState(roomId);
    store.update(roomKey(roomId), (thread) => withPutOut(thread, putOut));
  }

  /** The server has refused something about a room that was joined. */
  refused(roomId: number | undefined, code: string, until: number | undefined): void {
    if (roomId === undefined) return;
    if (code === 'WAITING') this.waits(roomId);
    if (code === 'BANNED') this.putOut(roomId, { reason: 'banned', ...(until !== undefined && { until }) });
  }

  /** Guests wait outside for now: this one, too, until the server says otherwise. */
  waits(roomId: number): void {
    this.putOut(roomId, { reason: 'lobby' });
    this.#parts.client.waitFor(roomId);
  }

  #forgetState(roomId: number): void {
    const { store } = this.#parts;
    store.patch({ roomStates: withoutEntry(store.get().roomStates, roomId) });
  }

  /** One room too many is open: it is followed, but this connection leaves it. @returns When it has. */
  #part(roomId: number): Promise<void> {
    const { client, positions, presence, store } = this.#parts;
    positions.close(roomId);
    presence.forget(roomId);
    this.#forgetState(roomId);
    store.update(roomKey(roomId), ({ readTo, unread }) => ({ ...emptyThread, roomId, readTo, unread }));
    // Unconfirmed or not: nothing of it is shown any more, and the connection forgets it at its end.
    return client.leave(roomId).catch(() => undefined);
  }

  /** The server has confirmed a join, the first one or that of a reconnect. */
  joined({ roomId, head, resumed }: JoinedFrame): void {
    const { sync, store } = this.#parts;
    const key = store.keyOfRoom(roomId);
    // After a resume everything up to the head is delivered anyway.
    if (!resumed) store.update(key, (thread) => withHead(thread, head));
    if (!resumed && key.startsWith('room:')) sync.joined(key, head);
  }

  #join(key: ThreadKey, roomId: number): void {
    const { client, positions, presence, shown, store } = this.#parts;
    store.update(key, (thread) => (thread.roomId === roomId ? thread : { ...thread, roomId }));
    const isRoom = parseKey(key).kind === 'room';
    // Not before: the list would lack this very user.
    const joined = client.join(roomId).then(() => {
      if (store.get().active !== key) return undefined;
      return isRoom ? presence.load(roomId, shown()) : presence.follow(roomId, shown());
    });
    joined.catch((error: unknown) => {
      if (!(error instanceof ClientError)) return;
      if (error.code === 'BANNED') return this.putOut(roomId, bannedBy(error));
      if (error.code === 'WAITING') return this.waits(roomId);
      if (!['ROOM_NOT_FOUND', 'FORBIDDEN'].includes(error.code)) return;
      positions.close(roomId);
      store.update(key, (thread) => ({ ...thread, phase: 'missing' }));
    });
  }
}

/** What a refused join says of the ban. */
function bannedBy({ frame }: ClientError): PutOut {
  return { reason: 'banned', ...(frame?.until !== undefined && { until: frame.until }) };
}
