import type { ActEffects, MessageSpan, Senders } from './history-records.js';
import type { RoomHistory, Slot } from './room-history.js';

/** An act that has a number. */
export interface NumberedAct {
  readonly seq: number;
  readonly effects: ActEffects;
  /** When it was first asked for, in ms; -Infinity when nobody told. */
  readonly sentAtMs: number;
  /** Its first ack, in ms; Infinity without one. */
  readonly ackedAtMs: number;
}

/** A message by its place and its sender, who may be unknown. */
export interface PlacedMessage {
  readonly seq: number;
  readonly senderId: string | undefined;
}

/** The acts of a room that somebody has seen or has an ack for, ascending. */
export function numberedActs(history: RoomHistory): NumberedAct[] {
  return [...history.actSeqs]
    .sort((a, b) => a - b)
    .flatMap((seq) => {
      const { act, first } = history.slots.get(seq) as Slot;
      const { sentAtMs = -Infinity, ackedAtMs = Infinity } = history.sentAs(first) ?? {};
      return act ? [{ seq, effects: act, sentAtMs, ackedAtMs }] : [];
    });
}

/** Whether a sender is one of these. */
export function isAmong(senderId: string | undefined, senders: Senders): boolean {
  if ('only' in senders) return senders.only.some((id) => String(id) === senderId);
  return !senders.except.some((id) => String(id) === senderId);
}

/** Whether a message is among those that an act names. */
export function covers(
  act: NumberedAct,
  { from, to = Infinity, of }: MessageSpan,
  { seq, senderId }: PlacedMessage,
): boolean {
  return seq < act.seq && seq >= from && seq <= to && (of === undefined || isAmong(senderId, of));
}

/** Whether an act takes back what another one has hidden. */
export function lifts(show: NumberedAct, hide: NumberedAct, message: PlacedMessage): boolean {
  const { shows } = show.effects;
  if (!shows || show.seq <= hide.seq || !covers(show, shows, message)) return false;
  return shows.undoes === undefined || shows.undoes === hide.seq;
}
