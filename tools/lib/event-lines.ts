import { FOREVER, type RoomEvent, type RoomEventKind, type RoomEventOf } from '@parley/protocol';

const untilWhen = (until: number): string =>
  until >= FOREVER ? 'for good' : `until ${new Date(until).toLocaleString()}`;
const because = (reason: string | undefined): string => (reason ? ` (${reason})` : '');

/** Names somebody. */
type Name = (person: { readonly userId: number; readonly userName: string }) => string;

const lines: { readonly [K in RoomEventKind]: (event: RoomEventOf<K>, name: Name) => string } = {
  settings: ({ settings: { mode, slowModeWaitTime, opensAt, closesAt, guestPolicy } }) =>
    [
      `Who may write: ${mode}`,
      slowModeWaitTime > 0 && `once in ${slowModeWaitTime} s`,
      opensAt !== undefined && `from ${new Date(opensAt).toLocaleString()}`,
      closesAt !== undefined && `until ${new Date(closesAt).toLocaleString()}`,
      guestPolicy === 'ASK_MODERATOR' && 'guests wait until a host lets them in',
      guestPolicy === 'ALWAYS_DENY' && 'nobody new comes in',
    ]
      .filter(Boolean)
      .join(', '),
  roles: ({ roles }, name) => roles.map((person) => `${name(person)} is ${person.role} now`).join(', '),
  timeout: ({ until, reason, ...person }, name) =>
    until === 0
      ? `${name(person)} may write again`
      : `${name(person)} may not write ${untilWhen(until)}${because(reason)}`,
  kick: ({ reason, ...person }, name) => `${name(person)} was put out${because(reason)}`,
  ban: ({ until, reason, ...person }, name) =>
    until === 0
      ? `${name(person)} may come back`
      : `${name(person)} is banned ${untilWhen(until)}${because(reason)}`,
  delete: ({ range: { from, to }, by, reason }) =>
    `${from === to ? `Message ${from} was` : `Messages from ${from} on were`} deleted by ${by === 'self' ? 'its author' : 'a moderator'}${because(reason)}; what is printed here stays`,
  restore: ({ range: { from, to } }) =>
    `Message ${from}${from === to ? '' : ' and others'} can be read again`,
  announcement: ({ style, msg }) => `${style.toUpperCase()}: ${msg ?? '(deleted)'}`,
  pins: ({ pins }) =>
    pins.length === 0 ? 'Nothing is pinned' : `Pinned: ${pins.map(({ text }) => text).join(' | ')}`,
  panic: ({ range }) =>
    `The shield is up: only hosts may write, guests wait outside${range ? ', and recent messages are hidden' : ''}`,
  calm: ({ settings: { mode }, range }) =>
    `The shield is down: ${mode} may write${range ? ', and messages are back' : ''}`,
  rename: ({ from, ...person }, name) => `${from} is called ${name(person)} now`,
};

/** What an act has done, in a line for a terminal. The compiler finds a kind that is missing. */
export const eventLine = (event: RoomEvent, name: Name): string =>
  (lines[event.kind] as (event: RoomEvent, name: Name) => string)(event, name);
