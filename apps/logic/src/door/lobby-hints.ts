import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { LobbyEvent } from '@parley/contracts';
import { factNames, guestsOutSince, limits } from '@parley/protocol';
import { EventBus, RoomStore, WaitingStore } from '@parley/redis';
import { WaitingRepository, type Waiting } from './waiting.repository.js';

/** What comes meanwhile is told together, milliseconds. */
const TOGETHER_MS = 250;
/** As long as somebody waits hosts are told at least so often, milliseconds: a hint may be lost, and people go without a word. */
const AGAIN_MS = 10_000;

/** Who waits in front of a room, and tells gateways when that changes. */
@Injectable()
export class LobbyHints implements OnApplicationShutdown {
  /** Rooms that are about to be told of: whether something was decided there. */
  private readonly due = new Map<number, { isDecided: boolean; timer: NodeJS.Timeout }>();
  /** By the monotonic clock, milliseconds. */
  private readonly toldAt = new Map<number, number>();

  constructor(
    @Inject(WaitingRepository) private readonly people: Pick<WaitingRepository, 'list'>,
    @Inject(WaitingStore) private readonly heard: Pick<WaitingStore, 'silences'>,
    @Inject(RoomStore) private readonly store: Pick<RoomStore, 'someFacts'>,
    @Inject(EventBus) private readonly events: Pick<EventBus, 'publish'>,
  ) {}

  /** Everybody who waits and was heard of lately, the first to come first. Whose place is gone by now are told apart. */
  async waiting(
    roomId: number,
  ): Promise<{ readonly here: Waiting[]; readonly silent: Waiting[]; readonly gone: Waiting[] }> {
    const [facts] = await this.store.someFacts([{ roomId, names: [factNames.prior] }]);
    const prior = facts?.[0];
    const outSince = prior === undefined ? 0 : guestsOutSince(new Map([[factNames.prior, prior]]));
    const everybody = await this.people.list(roomId, outSince);
    const silences = await this.heard.silences(
      roomId,
      everybody.map(({ userId }) => userId),
    );
    const silentFor = (i: number) => silences[i] ?? 0;
    return {
      here: everybody.filter((_, i) => silentFor(i) < limits.waitingLeaseMs),
      silent: everybody.filter((_, i) => silentFor(i) >= limits.waitingLeaseMs),
      gone: everybody.filter((_, i) => silentFor(i) >= limits.waitingPlaceMs),
    };
  }

  /** @param isDecided - Those who wait are to ask how it stands with them. */
  changed(roomId: number, isDecided: boolean): void {
    const due = this.due.get(roomId);
    if (due) {
      due.isDecided ||= isDecided;
      return;
    }
    // What was decided is told at once; more of it soon.
    const timer = setTimeout(() => void this.tell(roomId), isDecided ? 0 : TOGETHER_MS);
    this.due.set(roomId, { isDecided, timer });
  }

  /** Somebody still waits. */
  still(roomId: number): void {
    if (performance.now() - (this.toldAt.get(roomId) ?? -Infinity) >= AGAIN_MS) this.changed(roomId, false);
  }

  onApplicationShutdown(): void {
    for (const { timer } of this.due.values()) clearTimeout(timer);
  }

  /** Who is not told asks within some seconds. */
  private async tell(roomId: number): Promise<void> {
    const isDecided = this.due.get(roomId)?.isDecided ?? false;
    this.due.delete(roomId);
    this.toldAt.set(roomId, performance.now());
    try {
      const { here } = await this.waiting(roomId);
      if (here.length === 0) this.toldAt.delete(roomId);
      await this.events.publish('lobby', {
        ...{ roomId, waiting: here.length, isDecided },
      } satisfies LobbyEvent);
    } catch {
      this.toldAt.delete(roomId);
    }
  }
}
