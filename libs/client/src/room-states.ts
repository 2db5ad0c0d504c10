import {
  factChanges,
  factsOfState,
  stateFor,
  withChanges,
  type JoinedFrame,
  type RoomEvent,
  type RoomFacts,
  type RoomState,
} from '@parley/protocol';

interface Known {
  facts: RoomFacts;
  readonly userId: number;
  readonly standing: 'member' | 'guest';
}

/** How the joined rooms stand: as `joined` said, with every act since. */
export class RoomStates {
  readonly #rooms = new Map<number, Known>();

  /** @returns The room as it stands now; undefined for a conversation. */
  joined({ roomId, state, userId }: JoinedFrame): RoomState | undefined {
    if (!state) return undefined;
    const standing = state.role === 'guest' ? 'guest' : 'member';
    this.#rooms.set(roomId, { facts: factsOfState(state, userId), userId, standing });
    return this.of(roomId);
  }

  /** @returns The room as it stands after an act; undefined when it is not joined, or nothing has changed. */
  take(roomId: number, event: RoomEvent): RoomState | undefined {
    const room = this.#rooms.get(roomId);
    const changes = factChanges(event);
    if (!room || changes.length === 0) return undefined;
    room.facts = withChanges(room.facts, changes);
    return this.of(roomId);
  }

  of(roomId: number): RoomState | undefined {
    const room = this.#rooms.get(roomId);
    return room && stateFor(room.facts, room.userId, room.standing);
  }

  forget(roomId: number): void {
    this.#rooms.delete(roomId);
  }
}
