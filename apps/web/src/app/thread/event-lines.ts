import type { RoomEvent, RoomEventKind, RoomEventOf, RoomSettings } from '@parley/protocol';
import { FOREVER } from '@parley/protocol';
import type { Texts } from '../i18n/en.js';
import type { EventRow } from '../timeline/event-rows.js';

type Words = Texts['events'];
/** A moment in words. */
type Moment = (ms: number) => string;

/** What is said of an act: sentences, none where there is nothing to say. A kind without words does not compile. */
const linesByKind: {
  readonly [K in RoomEventKind]: (
    event: RoomEventOf<K>,
    row: EventRow,
    words: Words,
    moment: Moment,
  ) => readonly string[];
} = {
  settings: ({ settings }, { before }, words, moment) =>
    settingsLines(settings as RoomSettings, before.settings, words, moment),
  roles: ({ roles }, _row, words) => roles.map(({ userName, role }) => words.role[role](userName)),
  timeout: ({ userName, until, reason }, _row, words, moment) => [
    until === 0 ? words.untimeout(userName) : words.timeout(userName, moment(until)),
    ...why(reason, words),
  ],
  kick: ({ userName, reason }, _row, words) => [words.kick(userName), ...why(reason, words)],
  ban: ({ userName, until, reason }, _row, words, moment) => [
    until === 0
      ? words.unban(userName)
      : until >= FOREVER
        ? words.banForGood(userName)
        : words.ban(userName, moment(until)),
    ...why(reason, words),
  ],
  delete: ({ by, reason }, { hiddenCount }, words) => [
    by === 'self' ? words.deletedOwn(hiddenCount) : words.deleted(hiddenCount),
    ...why(reason, words),
  ],
  restore: (_event, _row, words) => [words.restored],
  // Has a look of its own.
  announcement: () => [],
  pins: ({ pins }, { before }, words) => {
    if (!before.pins) return [words.pinsChanged];
    const had = new Set(before.pins.map(({ seq }) => seq));
    return [pins.some(({ seq }) => !had.has(seq)) ? words.pinned : words.unpinned];
  },
  panic: (_event, { hiddenCount }, words) => [
    words.panic,
    ...(hiddenCount === undefined ? [] : [words.deleted(hiddenCount)]),
  ],
  calm: ({ settings, range }, _row, words) => [
    words.calm,
    words.mode[settings.mode],
    ...(range ? [words.restored] : []),
  ],
  rename: ({ from, userName }, _row, words) => [words.rename(from, userName)],
};

const why = (reason: string | undefined, words: Words): string[] =>
  reason === undefined ? [] : [words.reason(reason)];

/** What has changed; without knowing what was before, all that is not as in a new room. */
function settingsLines(
  now: RoomSettings,
  before: RoomSettings | undefined,
  words: Words,
  moment: Moment,
): readonly string[] {
  const lines: string[] = [];
  if (now.mode !== before?.mode) lines.push(words.mode[now.mode]);
  if (now.guestPolicy !== (before?.guestPolicy ?? 'ALWAYS_ACCEPT')) lines.push(words.guests[now.guestPolicy]);
  const slow = now.slowModeWaitTime;
  if (slow !== (before?.slowModeWaitTime ?? 0)) lines.push(slow > 0 ? words.slow(slow) : words.slowOff);
  if (now.opensAt !== before?.opensAt)
    lines.push(now.opensAt === undefined ? words.opensAnyTime : words.opens(moment(now.opensAt)));
  if (now.closesAt !== before?.closesAt)
    lines.push(now.closesAt === undefined ? words.closesNever : words.closes(moment(now.closesAt)));
  return lines;
}

/** An act in words. @param moment - Says a moment, milliseconds since 1970. */
export function eventText(row: EventRow, words: Words, moment: Moment): string {
  const lines = linesByKind[row.event.kind] as (
    event: RoomEvent,
    row: EventRow,
    words: Words,
    moment: Moment,
  ) => readonly string[];
  return lines(row.event, row, words, moment).join(' ');
}
