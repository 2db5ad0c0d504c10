import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { presenceEventSchema, roomChangedEventSchema, type DirectoryEvent } from '@parley/contracts';
import { Op, type RoomChange } from '@parley/protocol';
import { DirectoryStore, EventBus, PresenceStore } from '@parley/redis';
import { byKey, REGISTRY, type Registry } from '@parley/registry';
import { LRUCache } from 'lru-cache';
import { LOGIC_INSTANCE } from '../logic-options.js';
import { NamesRepository, type NamedRoom } from './names.repository.js';

/** Changes are told at most this often, milliseconds. */
const TELL_INTERVAL_MS = 1_000;
/** Bytes of one telling, but for its last room, and rooms looked at for it. So a watcher gets some 4 kB a second at most. */
export const MAX_TOLD_BYTES = 4_096;
const MAX_LOOKED_AT = 100;
/** Changes that wait. Whoever watches reads the list again when there are more. */
const MAX_WAITING = 10_000;
/**
 * Another instance tells of changes; they are kept here for longer than it may have been dead before anybody noticed.
 */
const KEEP_FOR_MS = 15_000;
/** Rooms whose name, and what was told of them, is remembered. */
const MAX_ROOMS = 10_000;

interface Change {
  readonly atMs: number;
  readonly created: boolean;
  /** What is known of it may be other than before. */
  readonly changed: boolean;
}

/**
 * Tells gateways which rooms of the list are not what they were: made, renamed, gone, fuller or emptier. One instance
 * does, for all; what it costs does not depend on who is online, and each watcher gets the same few bytes.
 */
@Injectable()
export class DirectoryFeed implements OnModuleInit, OnApplicationShutdown {
  /** In the order in which they wait. */
  private readonly waiting = new Map<number, Change>();
  private readonly rooms = new LRUCache<number, NamedRoom>({ max: MAX_ROOMS });
  private readonly told = new LRUCache<number, string>({ max: MAX_ROOMS });
  /** Something was not heard of: whoever watches is to read the list again. */
  private missed = false;
  private timer: NodeJS.Timeout | undefined;
  private telling: Promise<void> | undefined;

  constructor(
    @Inject(LOGIC_INSTANCE) private readonly instanceId: string,
    @Inject(REGISTRY) private readonly registry: Pick<Registry, 'list'>,
    @Inject(EventBus) private readonly events: EventBus,
    @Inject(NamesRepository) private readonly names: Pick<NamesRepository, 'roomsById'>,
    @Inject(PresenceStore) private readonly presence: Pick<PresenceStore, 'counts'>,
    @Inject(DirectoryStore) private readonly store: Pick<DirectoryStore, 'nextVersion'>,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.events.subscribe('presence', presenceEventSchema, ({ roomId, force }) => {
      // Somebody has asked who is there: nothing has changed.
      if (force === undefined) this.note(roomId, false, false);
    });
    let isFirst = true;
    await this.events.subscribe(
      'room',
      roomChangedEventSchema,
      ({ roomId, created }) => {
        this.rooms.delete(roomId);
        this.told.delete(roomId);
        this.note(roomId, created === true, true);
      },
      () => {
        if (!isFirst) this.miss();
        isFirst = false;
      },
    );
    this.timer = setInterval(() => void this.tell(), TELL_INTERVAL_MS);
    this.timer.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.telling;
  }

  /** Tells what waits, if that is for this instance to do. Never throws. One at a time. */
  tell(): Promise<void> {
    return (this.telling ??= this.tellNow()
      .catch(() => undefined)
      .finally(() => (this.telling = undefined)));
  }

  private note(roomId: number, created: boolean, changed: boolean): void {
    if (this.waiting.size >= MAX_WAITING) this.miss();
    const known = this.waiting.get(roomId);
    this.waiting.set(roomId, {
      atMs: performance.now(),
      created: created || known?.created === true,
      changed: changed || known?.changed === true,
    });
  }

  private miss(): void {
    this.missed = true;
    this.waiting.clear();
    this.rooms.clear();
    this.told.clear();
  }

  private async tellNow(): Promise<void> {
    if (!this.isTeller()) return this.forgetOld();
    if (this.missed) {
      // A version that nobody gets: whoever watches sees that something is missing.
      await this.store.nextVersion();
      await this.publish([], []);
      this.missed = false;
    }
    const taken = [...this.waiting].slice(0, MAX_LOOKED_AT);
    if (taken.length === 0) return;
    for (const [roomId] of taken) this.waiting.delete(roomId);
    try {
      await this.tellOf(new Map(taken));
    } catch (error) {
      for (const [roomId, change] of taken) if (!this.waiting.has(roomId)) this.waiting.set(roomId, change);
      throw error;
    }
  }

  private async tellOf(taken: ReadonlyMap<number, Change>): Promise<void> {
    const roomIds = [...taken.keys()];
    const unknown = roomIds.filter((roomId) => !this.rooms.has(roomId));
    for (const room of await this.names.roomsById(unknown)) this.rooms.set(room.roomId, room);
    const counts = await this.presence.counts(roomIds);
    const changes: RoomChange[] = [];
    const removed: number[] = [];
    const texts = new Map<number, string>();
    let bytes = 0;
    for (const [i, roomId] of roomIds.entries()) {
      const room = this.rooms.get(roomId);
      const change = taken.get(roomId) as Change;
      if (room?.kind === 'direct') continue;
      if (bytes >= MAX_TOLD_BYTES) {
        // Its turn comes: nobody overtakes those who wait longer by changing again.
        if (!this.waiting.has(roomId)) this.waiting.set(roomId, change);
        continue;
      }
      // Of one that is in no list, only that it is not there any more, when that may be new.
      if (room?.isPrivate && !change.changed) continue;
      if (!room || room.isPrivate) {
        removed.push(roomId);
        bytes += String(roomId).length + 1;
        continue;
      }
      const told = { roomId, name: room.name, kind: room.kind, online: counts[i] ?? 0 };
      const text = JSON.stringify(told);
      if (text === this.told.get(roomId)) continue;
      changes.push(change.created ? { ...told, created: true } : told);
      texts.set(roomId, text);
      bytes += Buffer.byteLength(text) + 1;
    }
    if (changes.length + removed.length === 0) return;
    await this.publish(changes, removed);
    for (const [roomId, text] of texts) this.told.set(roomId, text);
  }

  private async publish(rooms: RoomChange[], removed: number[]): Promise<void> {
    const version = await this.store.nextVersion();
    await this.events.publish('directory', {
      op: Op.rooms,
      version,
      rooms,
      removed,
    } satisfies DirectoryEvent);
  }

  /** One instance of those that are ready; this one alone when it knows of none. */
  private isTeller(): boolean {
    const ready = this.registry.list('logic').filter(({ state }) => state === 'ready');
    const chosen = byKey(ready, 'directory');
    return chosen === undefined || chosen.instanceId === this.instanceId;
  }

  private forgetOld(): void {
    // What they have been told by then is not known here.
    this.told.clear();
    this.missed = false;
    const before = performance.now() - KEEP_FOR_MS;
    for (const [roomId, { atMs }] of this.waiting) if (atMs < before) this.waiting.delete(roomId);
  }
}
