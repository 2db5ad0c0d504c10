import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ParkingStore, type ParkedPosition } from '@parley/redis';
import { LOGIC_OPTIONS, type LogicOptions } from '../logic-options.js';
import { LivePresenceService } from '../presence/live-presence.service.js';
import { ParkedRoomsRepository } from '../rooms/parked-rooms.repository.js';
import type { UsePosition } from '../rooms/rooms.repository.js';

/** Rooms looked at in one turn. */
const ROOMS_PER_TURN = 500;
/** Longest and shortest time between two turns, milliseconds; a room has to be found unused twice. */
const MAX_INTERVAL_MS = 60_000;
const MIN_INTERVAL_MS = 250;
/** Turns in the time after which a room counts as unused. */
const TURNS_PER_IDLE_TIME = 4;

/**
 * Takes rooms and conversations out of Redis that nobody has used for a while, when everything of them is in SQL and with
 * the gateways. They come back with their epoch and seq when somebody needs them. Each instance does this; several at one
 * room are harmless.
 */
@Injectable()
export class RoomParkingService implements OnModuleInit, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private turn: Promise<void> | undefined;
  private after: UsePosition | undefined;

  constructor(
    @Inject(LOGIC_OPTIONS) private readonly options: Pick<LogicOptions, 'roomIdleMs'>,
    @Inject(ParkedRoomsRepository) private readonly rooms: ParkedRoomsRepository,
    @Inject(ParkingStore) private readonly store: ParkingStore,
    @Inject(LivePresenceService) private readonly live: Pick<LivePresenceService, 'sweep'>,
  ) {}

  onModuleInit(): void {
    const everyMs = Math.min(
      MAX_INTERVAL_MS,
      Math.max(MIN_INTERVAL_MS, this.options.roomIdleMs / TURNS_PER_IDLE_TIME),
    );
    // Redis or SQL may be away: the next turn tries again.
    this.timer = setInterval(() => void this.takeTurn().catch(() => undefined), everyMs);
    this.timer.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.turn?.catch(() => undefined);
  }

  /** Looks at the next rooms. One turn at a time. */
  takeTurn(): Promise<void> {
    return (this.turn ??= this.look().finally(() => (this.turn = undefined)));
  }

  private async look(): Promise<void> {
    // Those of dead gateways are no members.
    await this.live.sweep();
    const { roomIdleMs } = this.options;
    const found = await this.rooms.candidates(Date.now() - roomIdleMs, ROOMS_PER_TURN, this.after);
    // Those that have to stay are passed over until it is their turn again.
    this.after = found.length < ROOMS_PER_TURN ? undefined : found.at(-1);
    const looks = await Promise.all(
      found.map(async ({ roomId }) => ({ roomId, outcome: await this.store.unload(roomId, roomIdleMs) })),
    );
    const ready: { roomId: number; position: ParkedPosition }[] = [];
    const none: number[] = [];
    for (const { roomId, outcome } of looks) {
      if (outcome.kind === 'ready') ready.push({ roomId, position: outcome.position });
      else if (outcome.kind === 'none') none.push(roomId);
    }
    await this.forget(none);
    await this.park(ready);
  }

  /** Rooms that Redis does not hold are not looked at any more. */
  private async forget(roomIds: readonly number[]): Promise<void> {
    await this.rooms.markResident(roomIds, false);
    await this.keepThosePresent(roomIds);
  }

  private async park(rooms: readonly { roomId: number; position: ParkedPosition }[]): Promise<void> {
    if (rooms.length === 0) return;
    // SQL first: what a crash leaves in between is a room in Redis and a position that nobody asks for.
    await this.rooms.park(rooms);
    const outcomes = await Promise.all(
      rooms.map(({ roomId, position }) => this.store.unload(roomId, this.options.roomIdleMs, position)),
    );
    await this.rooms.unpark(rooms.filter((_, i) => outcomes[i]?.kind !== 'gone'));
  }

  /** Somebody may have brought one back just before SQL was told that it is away. */
  private async keepThosePresent(roomIds: readonly number[]): Promise<void> {
    const outcomes = await Promise.all(
      roomIds.map((roomId) => this.store.unload(roomId, this.options.roomIdleMs)),
    );
    await this.rooms.markResident(
      roomIds.filter((_, i) => outcomes[i]?.kind !== 'none'),
      true,
    );
  }
}
