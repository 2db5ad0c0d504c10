import { hidingOf, Op, readEvent, type Entry, type EventFrame, type Hiding } from '@parley/protocol';

/** What an act that has happened says of the messages before it. */
export interface HidingAct extends Hiding {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What an entry hides or shows again; undefined for a message, and for an act that does neither. */
export function hidingActOf(entry: Entry): HidingAct | undefined {
  if (entry.op !== Op.event) return undefined;
  const event = readEvent(entry);
  const hiding = event && hidingOf(event);
  return hiding && { ...hiding, seq: entry.seq, at: (entry as EventFrame).sentAt };
}

type Authored = Pick<Entry, 'seq' | 'fromUserId'>;

/** Whether an act is about a message. */
export function isAbout({ seq, range }: HidingAct, message: Authored): boolean {
  const { from, to = Infinity, of, except } = range;
  if (message.seq >= seq || message.seq < from || message.seq > to) return false;
  if (of && !of.includes(message.fromUserId)) return false;
  return !except?.includes(message.fromUserId);
}

/**
 * The act that hides a message, if one does: of those that are about it the newest counts, as on the server.
 *
 * @param acts - Ascending by seq.
 */
export function hidden(message: Authored, acts: readonly HidingAct[]): HidingAct | undefined {
  const undone = new Set(acts.map(({ undoes }) => undoes));
  const counts = (act: HidingAct) =>
    act.undoes === undefined && !undone.has(act.seq) && isAbout(act, message);
  const act = [...acts].reverse().find(counts);
  return act?.hidden ? act : undefined;
}

/** Entries as they may be shown: hidden ones without their text. What had been fetched before an act may come after it. */
export function withTombstones(entries: readonly Entry[], acts: readonly HidingAct[]): readonly Entry[] {
  if (acts.length === 0) return entries;
  const shown = entries.map((entry) => {
    if (entry.msg === undefined || entry.deleted) return entry;
    const act = hidden(entry, acts);
    return act ? tombstoneOf(entry, act) : entry;
  });
  return shown.every((entry, i) => entry === entries[i]) ? entries : shown;
}

function tombstoneOf(entry: Entry, { by, at, reason }: HidingAct): Entry {
  return { ...entry, msg: '', deleted: { by, at, ...(reason !== undefined && { reason }) } } as Entry;
}
