import {
  Op,
  readEvent,
  type Deleted,
  type EventFrame,
  type Pin,
  type RoomEvent,
  type RoomEventKind,
  type RoomEventOf,
  type RoomSettings,
} from '@parley/protocol';
import { dayStart } from '../text/dates.js';
import { hidingActOf, isAbout } from './hiding.js';
import type { Timeline } from './timeline.js';

/** How the room stood when something was done to it, as far as what is loaded says. */
export interface Before {
  readonly settings: RoomSettings | undefined;
  readonly pins: readonly Pin[] | undefined;
}

/** Something that was done to the room, as a row among its messages. */
export interface EventRow {
  readonly kind: 'event';
  readonly key: string;
  readonly seq: number;
  readonly atMs: number;
  /** Local midnight before `atMs`. */
  readonly dayMs: number;
  readonly event: RoomEvent;
  readonly before: Before;
  /** Messages that it has hidden; undefined where not all of them are loaded, or some are shown again. */
  readonly hiddenCount: number | undefined;
  /** An announcement that was taken back. */
  readonly deleted: Deleted | undefined;
}

const unset: RoomSettings = { mode: 'everyone', slowModeWaitTime: 0, guestPolicy: 'ALWAYS_ACCEPT' };
const isMany = ({ from, to }: { from: number; to?: number | undefined }) => from !== to;
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** Which acts are spoken of. A kind without a word here does not compile. */
const isSpokenOf: { readonly [K in RoomEventKind]: (event: RoomEventOf<K>, before: Before) => boolean } = {
  settings: ({ settings }, before) => before.settings === undefined || !same(settings, before.settings),
  roles: () => true,
  timeout: () => true,
  kick: () => true,
  ban: () => true,
  // One message: its place says so itself.
  delete: ({ range }) => isMany(range),
  restore: ({ range }) => isMany(range),
  announcement: () => true,
  pins: ({ pins }, before) => before.pins === undefined || !same(pins, before.pins),
  panic: () => true,
  calm: () => true,
  rename: () => true,
};

/** How the room stands after an act. */
function after(before: Before, event: RoomEvent): Before {
  const pins = event.kind === 'pins' || event.kind === 'delete' ? event.pins : undefined;
  const settings = 'settings' in event ? (event.settings as RoomSettings) : undefined;
  return { settings: settings ?? before.settings, pins: pins ?? before.pins };
}

// Made once per entry, as bubbles are; anew when more is known of it.
const made = new WeakMap<EventFrame, EventRow>();
const read = new WeakMap<EventFrame, { readonly event: RoomEvent | undefined }>();

function eventOf(entry: EventFrame): RoomEvent | undefined {
  const known = read.get(entry) ?? { event: readEvent(entry) };
  read.set(entry, known);
  return known.event;
}

/**
 * What was done to the room, by seq: only what is spoken of. Kinds of a newer server are not.
 */
export function eventRowsOf(timeline: Timeline): ReadonlyMap<number, EventRow> {
  const rows = new Map<number, EventRow>();
  let before: Before = timeline.reachedStart
    ? { settings: unset, pins: [] }
    : { settings: undefined, pins: undefined };
  for (const entry of timeline.messages) {
    if (entry.op !== Op.event) continue;
    const frame = entry as EventFrame;
    const event = eventOf(frame);
    if (!event) continue;
    const speaks = isSpokenOf[event.kind] as (event: RoomEvent, before: Before) => boolean;
    if (speaks(event, before)) rows.set(frame.seq, rowOf(frame, event, before, timeline));
    before = after(before, event);
  }
  return rows;
}

function rowOf(entry: EventFrame, event: RoomEvent, before: Before, timeline: Timeline): EventRow {
  const known = made.get(entry);
  const hiddenCount = hiddenBy(entry, timeline);
  if (known && known.hiddenCount === hiddenCount && same(known.before, before)) return known;
  const row = {
    kind: 'event',
    key: `event:${entry.seq}`,
    seq: entry.seq,
    atMs: entry.sentAt,
    dayMs: dayStart(entry.sentAt),
    event,
    before,
    hiddenCount,
    deleted: entry.deleted,
  } as const;
  made.set(entry, row);
  return row;
}

function hiddenBy(entry: EventFrame, { messages, reachedStart }: Timeline): number | undefined {
  const act = hidingActOf(entry);
  if (!act?.hidden || !isMany(act.range)) return undefined;
  if (!reachedStart && (messages[0]?.seq ?? Infinity) > act.range.from) return undefined;
  const gone = messages.filter((message) => message.deleted?.at === act.at && isAbout(act, message));
  return gone.length || undefined;
}
