import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { RoomsRepository } from './rooms.repository.js';

/** How often what was used is written down, milliseconds: lists are in order after that. */
const FLUSH_INTERVAL_MS = 1_000;
/** Rooms written down at a time, so that a second of this costs SQL little. More wait their turn. */
const MAX_PER_FLUSH = 500;
/** Rooms waiting to be written down. What comes on top is not noted: it will be used again, or is not in use. */
const MAX_WAITING = 50_000;

/** Notes which rooms and conversations are in use, for the order of lists. A hint: nothing else depends on it. */
@Injectable()
export class RoomUseService implements OnModuleInit, OnApplicationShutdown {
  private readonly waiting = new Set<number>();
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> | undefined;

  constructor(@Inject(RoomsRepository) private readonly rooms: RoomsRepository) {}

  onModuleInit(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_INTERVAL_MS);
    this.timer.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  /** Says that somebody joined these rooms or sent to them. */
  touch(roomIds: Iterable<number>): void {
    for (const roomId of roomIds) {
      if (this.waiting.size >= MAX_WAITING) return;
      this.waiting.add(roomId);
    }
  }

  /** Writes down those that have waited longest; never throws. One at a time. */
  flush(): Promise<void> {
    return (this.flushing ??= this.write().finally(() => (this.flushing = undefined)));
  }

  private async write(): Promise<void> {
    if (this.waiting.size === 0) return;
    const roomIds: number[] = [];
    for (const roomId of this.waiting) {
      if (roomIds.length >= MAX_PER_FLUSH) break;
      roomIds.push(roomId);
      this.waiting.delete(roomId);
    }
    try {
      await this.rooms.markUsed(roomIds, Date.now());
    } catch {
      // SQL is away: they are still the ones to write down first when it is back.
      this.touch(roomIds);
    }
  }
}
