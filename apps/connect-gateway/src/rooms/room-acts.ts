import { markOf, messageJson, tombstoneBody, type Mark } from '@parley/contracts';
import {
  bannedUntil,
  factChanges,
  guestsOutSince,
  hidingOf,
  kicksOf,
  mutedUntil,
  roleOf,
  sharedStateOf,
  withChanges,
  type RoomEvent,
  type RoomFacts,
  type RoomState,
} from '@parley/protocol';
import type { Connection } from '../connections/connection.js';
import { encodedText, type EncodedMessage } from '../connections/encoded-message.js';

/** Somebody has to leave a room: every connection of his. */
export interface PutOut {
  readonly whom: number | 'guests';
  readonly reason: 'kicked' | 'banned' | 'lobby';
  /** In the host's words. */
  readonly note?: string;
  /** Of a ban, milliseconds since 1970. */
  readonly until?: number;
}

/** Whether a connection is somebody's who has to leave. */
export const isMeant = ({ identity }: Pick<Connection, 'identity'>, { whom }: PutOut): boolean =>
  whom === 'guests' ? identity?.role === 'guest' : identity?.userId === whom;

/** What an act asks of its room here. */
export interface ActEffect {
  /** It says something of messages before it. */
  readonly mark: Mark | undefined;
  readonly putOut: PutOut | undefined;
}

/** What acts have made hold in one room, as far as it was taken here. */
export class RoomActs {
  private known: RoomFacts;
  /** What everybody is told alike; made when somebody asks. */
  private shared: ReturnType<typeof sharedStateOf> | undefined;

  constructor(facts: RoomFacts = new Map()) {
    this.known = facts;
  }

  get facts(): RoomFacts {
    return this.known;
  }

  /** Facts were read anew: acts may have been missed. @returns Who has to leave by them. */
  reset(facts: RoomFacts): readonly PutOut[] {
    const before = this.known;
    this.known = facts;
    this.shared = undefined;
    const known = new Map(kicksOf(before).map(({ userId, at }) => [userId, at]));
    const kicked = kicksOf(facts).filter(({ userId, at }) => known.get(userId) !== at);
    return [
      ...(guestsOutSince(facts) > guestsOutSince(before) ? [guestsOut] : []),
      ...kicked.map(({ userId: whom }): PutOut => ({ whom, reason: 'kicked' })),
    ];
  }

  /** Applies an act. Again, or one that the facts were read behind, is harmless. */
  take(event: RoomEvent, seq: number, at: number): ActEffect {
    const changes = factChanges(event);
    if (changes.length > 0) this.reset(withChanges(this.known, changes));
    const hiding = hidingOf(event);
    return { mark: hiding && { seq, at, ...hiding }, putOut: putOutBy(event) };
  }

  /** Why somebody may not be in the room: a ban of which he was not told here. */
  banOf(userId: number, nowMs: number): PutOut | undefined {
    const until = bannedUntil(this.known, userId);
    return until > nowMs ? { whom: userId, reason: 'banned', until } : undefined;
  }

  /** The room as one member sees it. */
  stateFor(userId: number, standing: 'member' | 'guest'): RoomState {
    this.shared ??= sharedStateOf(this.known);
    return {
      ...this.shared,
      role: roleOf(this.known, userId, standing),
      mutedUntil: mutedUntil(this.known, userId),
    };
  }
}

/** A panic puts guests out. Whom a host lets in again joins anew. */
const guestsOut: PutOut = { whom: 'guests', reason: 'lobby' };

function putOutBy(event: RoomEvent): PutOut | undefined {
  if (event.kind === 'panic') return event.since === undefined ? undefined : guestsOut;
  if (event.kind !== 'kick' && event.kind !== 'ban') return undefined;
  const { userId: whom, reason: note } = event;
  const said = note === undefined ? {} : { note };
  if (event.kind === 'kick') return { whom, reason: 'kicked', ...said };
  return event.until === 0 ? undefined : { whom, reason: 'banned', ...said, until: event.until };
}

/**
 * A message as it may be written once a mark is there: a tombstone if it is hidden.
 *
 * @returns The message itself when the mark is not about it.
 */
export function hiddenBy(message: EncodedMessage, mark: Mark): EncodedMessage {
  const { seq, epoch } = message;
  if (seq < mark.range.from || seq > (mark.range.to ?? Infinity)) return message;
  const parsed = JSON.parse(message.text) as Record<string, unknown>;
  const isText = typeof parsed['msg'] === 'string';
  if (!isText || !markOf({ seq, senderId: Number(parsed['fromUserId']) }, [mark])?.hidden) return message;
  const text = messageJson({ seq, epoch, body: tombstoneBody(parsed, mark) });
  // What was taken is what is given back: it counts as long as it was.
  return { ...encodedText(seq, epoch, text), bytes: message.bytes, takenAt: message.takenAt };
}
