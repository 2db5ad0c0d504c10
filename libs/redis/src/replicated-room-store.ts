import type { RedisKeys } from './keys.js';
import type { ReplicatedLane } from './replicated-lane.js';
import type { AcceptInput, AcceptOutcome } from './accept-terms.js';
import type { AcceptLimits } from './accept-call.js';
import { RoomStore } from './room-store.js';

/** A {@link RoomStore} that accepts a message once enough replicas have it, a repeated one too. */
export class ReplicatedRoomStore extends RoomStore {
  private readonly onLane: RoomStore;

  constructor(
    main: ConstructorParameters<typeof RoomStore>[0],
    keys: RedisKeys,
    limits: AcceptLimits,
    private readonly lane: ReplicatedLane,
  ) {
    super(main, keys, limits);
    this.onLane = new RoomStore(lane.redis, keys, limits);
  }

  override onAppended(listener: Parameters<RoomStore['onAppended']>[0]): void {
    this.onLane.onAppended(listener);
  }

  /** @throws {AppError} `NOT_REPLICATED`: it is in Redis, but not yet where it has to be; a repetition is answered once it is. */
  override accept(input: AcceptInput): Promise<AcceptOutcome> {
    return this.lane.run(
      () => this.onLane.accept(input),
      ({ kind }) => kind === 'ok' || kind === 'duplicate',
    );
  }

  /** Each is waited for by itself; what {@link accept} throws is among the outcomes. */
  override acceptAll(inputs: readonly AcceptInput[]): Promise<(AcceptOutcome | Error)[]> {
    return Promise.all(inputs.map((input) => this.accept(input).catch((error: unknown) => error as Error)));
  }
}
