import {
  readEvent,
  roomRoleSchema,
  type ActInput,
  type ActName,
  type RoomEvent,
  type RoomSettings,
} from '@parley/protocol';
import type { AuditPage } from '@parley/protocol';
import type { HostingTexts } from './en.js';

export type AuditLine = AuditPage['lines'][number];

/** A length of time in its largest whole unit. @param seconds - At least 1. */
export function durationText(t: HostingTexts, seconds: number): string {
  if (seconds % 86_400 === 0) return t.days(seconds / 86_400);
  if (seconds % 3_600 === 0) return t.hours(seconds / 3_600);
  if (seconds % 60 === 0) return t.minutes(seconds / 60);
  return t.seconds(seconds);
}

/** What an act has done, in a sentence. @param who - Name of whom it was done to. */
export function didText(t: HostingTexts, act: ActInput, who = t.did.someone): string {
  const { did } = t;
  switch (act.act) {
    case 'role':
      return did.role(who, t.roles[act.role]);
    case 'timeout':
      return did.timeout(who, durationText(t, act.seconds));
    case 'delete':
      return act.lastSeconds === undefined
        ? did.delete
        : did.deleteMany(who, durationText(t, act.lastSeconds));
    case 'handOver':
    case 'untimeout':
    case 'kick':
    case 'ban':
    case 'unban':
      return did[act.act](who);
    case 'settings':
    case 'takeOver':
    case 'restore':
    case 'announce':
    case 'pin':
    case 'unpin':
    case 'panic':
    case 'calm':
      return did[act.act];
  }
}

/** Acts, and what guests do to themselves. */
type LoggedName = ActName | 'rename';

/** What a line of the audit log says was done, without who and to whom. */
export function logText(t: HostingTexts, line: AuditLine, timeText: (ms: number) => string): string {
  const known = Object.hasOwn(t.log, line.act) && line.act in actNames;
  const what = known ? t.log[line.act as LoggedName] : t.log.other;
  const event = readEvent(line.event);
  const detail = event && detailText(t, event, line, timeText);
  return detail ? `${what} (${detail})` : what;
}

const actNames: Readonly<Record<LoggedName, true>> = {
  settings: true,
  role: true,
  handOver: true,
  takeOver: true,
  timeout: true,
  untimeout: true,
  kick: true,
  ban: true,
  unban: true,
  delete: true,
  restore: true,
  announce: true,
  pin: true,
  unpin: true,
  panic: true,
  calm: true,
  rename: true,
};

function detailText(
  t: HostingTexts,
  event: RoomEvent,
  line: AuditLine,
  timeText: (ms: number) => string,
): string | undefined {
  switch (event.kind) {
    case 'settings':
      return settingsText(t, event.settings as RoomSettings, timeText);
    case 'roles':
      return event.roles.map(({ userName, role }) => `${userName}: ${t.roles[role]}`).join(', ');
    case 'timeout':
    case 'ban':
      return event.until === 0 ? undefined : untilText(t, event.until, timeText);
    case 'delete':
    case 'restore':
      return t.log.messages(event.range.from, event.range.to ?? line.seq);
    case 'panic':
    case 'calm':
      return event.range && t.log.messages(event.range.from, event.range.to ?? line.seq);
    case 'announcement':
      return event.msg;
    case 'rename':
      return `${event.from} → ${event.userName}`;
    case 'kick':
    case 'pins':
      return undefined;
  }
}

/** Ends that nobody lives to see are none. */
const FAR_MS = 8_000_000_000_000_000;

/** Until when something holds. @param until - Milliseconds since 1970; undefined for good. */
export const untilText = (
  t: HostingTexts,
  until: number | undefined,
  timeText: (ms: number) => string,
): string => (until === undefined || until > FAR_MS ? t.forGood : t.until(timeText(until)));

function settingsText(
  t: HostingTexts,
  { mode, slowModeWaitTime, opensAt, closesAt, guestPolicy }: RoomSettings,
  timeText: (ms: number) => string,
): string {
  const parts = [t.modes[mode], t.log.slow(slowModeWaitTime)];
  if (opensAt !== undefined) parts.push(`${t.settings.opens} ${timeText(opensAt)}`);
  if (closesAt !== undefined) parts.push(`${t.settings.closes} ${timeText(closesAt)}`);
  if (guestPolicy !== 'ALWAYS_ACCEPT') parts.push(t.guestPolicies[guestPolicy]);
  return parts.join(' · ');
}

/** A role by its name in the audit log; the name itself for one of a newer server. */
export function roleText(t: HostingTexts, role: string): string {
  const known = roomRoleSchema.safeParse(role);
  return known.success ? t.roles[known.data] : role;
}
