import { z } from 'zod';
import { announceEvent, announceFacts } from './announce.act.js';
import type { FactChange } from './facts.js';
import type { MessageRange } from './fields.js';
import {
  deleteEvent,
  deleteFacts,
  pinsEvent,
  pinsFacts,
  restoreEvent,
  restoreFacts,
} from './messages.act.js';
import { calmEvent, calmFacts, panicEvent, panicFacts } from './panic.act.js';
import { renameEvent, renameFacts } from './rename.act.js';
import { banEvent, banFacts, kickEvent, kickFacts, timeoutEvent, timeoutFacts } from './restrictions.act.js';
import { rolesEvent, rolesFacts } from './roles.act.js';
import { settingsEvent, settingsFacts } from './settings.act.js';

/** What an act has done, as everybody in the room is told: the part of an `event` entry that depends on its kind. */
export const roomEventSchema = z.discriminatedUnion('kind', [
  settingsEvent,
  rolesEvent,
  timeoutEvent,
  kickEvent,
  banEvent,
  deleteEvent,
  restoreEvent,
  announceEvent,
  pinsEvent,
  panicEvent,
  calmEvent,
  renameEvent,
]);
export type RoomEvent = z.infer<typeof roomEventSchema>;
export type RoomEventKind = RoomEvent['kind'];
export type RoomEventOf<K extends RoomEventKind> = Extract<RoomEvent, { kind: K }>;

const factsByKind: { readonly [K in RoomEventKind]: (event: RoomEventOf<K>) => FactChange[] } = {
  settings: settingsFacts,
  roles: rolesFacts,
  timeout: timeoutFacts,
  kick: kickFacts,
  ban: banFacts,
  delete: deleteFacts,
  restore: restoreFacts,
  announcement: announceFacts,
  pins: pinsFacts,
  panic: panicFacts,
  calm: calmFacts,
  rename: renameFacts,
};

/** How an event changes the facts of its room. Everybody who keeps them applies this, and nothing else does. */
export function factChanges(event: RoomEvent): FactChange[] {
  return (factsByKind[event.kind] as (event: RoomEvent) => FactChange[])(event);
}

/** What an event says of messages before it. */
export interface Hiding {
  readonly range: MessageRange;
  readonly hidden: boolean;
  readonly by: 'self' | 'moderator';
  readonly reason?: string;
  /** It only takes back what the act of this seq has hidden. */
  readonly undoes?: number;
}

/** The messages that an event hides or shows again; undefined for one that does neither. */
export function hidingOf(event: RoomEvent): Hiding | undefined {
  switch (event.kind) {
    case 'delete': {
      const { range, by, reason } = event;
      return { range, hidden: true, by, ...(reason !== undefined && { reason }) };
    }
    case 'panic':
      return event.range && { range: event.range, hidden: true, by: 'moderator' };
    case 'restore':
      return { range: event.range, hidden: false, by: 'moderator' };
    case 'calm': {
      const { range, undoes } = event;
      return range && { range, hidden: false, by: 'moderator', ...(undoes !== undefined && { undoes }) };
    }
    default:
      return undefined;
  }
}

/** Kinds with a text, which gochat's clients get as a message. The others are silent to them. */
export const isVisible = (event: Pick<RoomEvent, 'kind'>): boolean => event.kind === 'announcement';

/** Reads an event of a kind that is known here; undefined for one of a newer server, which counts as shown. */
export function readEvent(value: unknown): RoomEvent | undefined {
  const parsed = roomEventSchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
