import type {
  Act,
  ActName,
  ActOf,
  FactChange,
  MessageRange,
  RoomEvent,
  RoomFacts,
  RoomRole,
} from '@parley/protocol';
import type { MessageFinder } from './message-finder.js';

/** Somebody an act concerns. `standing`: what he is when he has been given no role. */
export interface Person {
  readonly userId: number;
  readonly userName: string;
  readonly standing: 'member' | 'guest';
}

/** Who acts. */
export interface Actor extends Person {
  readonly role: RoomRole;
  readonly isAdmin: boolean;
}

/** What an act is judged by: the room as it stands. The accept script checks again what the act relies on. */
export interface ActContext {
  readonly roomId: number;
  readonly actor: Actor;
  readonly facts: RoomFacts;
  /** The room's last seq. */
  readonly head: number;
  /** By Redis's clock, milliseconds since 1970. */
  readonly nowMs: number;
  readonly messages: Pick<MessageFinder, 'find' | 'firstSince'>;
  /** @throws {AppError} `USER_NOT_FOUND`. */
  person(userId: number): Promise<Person>;
  /** Seqs of marks that hide a range, for an act that takes one back. */
  markFor(range: MessageRange): Promise<number | undefined>;
}

/** What an act comes to. */
export interface ResolvedAct {
  readonly event: RoomEvent;
  /** Whom it concerns; `mustBeLower`: his role has to be lower than the actor's. */
  readonly target?: Person & { readonly mustBeLower: boolean };
  /** It is the actor's own, or an admin's: whatever his role. */
  readonly isFree?: boolean;
  /** The room sees who it was. */
  readonly isSigned?: boolean;
  /** Facts it relies on; they are as in the context. */
  readonly expect?: readonly FactChange[];
  readonly reason?: string | undefined;
}

/** Turns one kind of act into what it comes to. @throws {AppError} Why it cannot be done. */
export type ActResolver<N extends ActName> = (
  act: ActOf<N>,
  context: ActContext,
) => Promise<ResolvedAct> | ResolvedAct;

export type ActResolvers = { readonly [N in Act['act']]: ActResolver<N> };

/** The facts of these names as they are, for {@link ResolvedAct.expect}. */
export const asTheyAre = (facts: RoomFacts, ...names: readonly string[]): FactChange[] =>
  names.map((name) => [name, facts.get(name) ?? null]);
