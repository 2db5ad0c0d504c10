import { z } from 'zod';
import { roomRoles, type RoomRole } from './roles.js';

/**
 * What holds in a room: names and values, changed by acts alone. In force in Redis, beside the room's log; on record in SQL; told
 * to members with `joined`. What is not there has its default, so a room in which nobody has acted has none.
 */
export type RoomFacts = ReadonlyMap<string, string>;

/** A change of facts: null takes one away. The order does not matter; applying one again changes nothing. */
export type FactChange = readonly [name: string, value: string | null];

/** Who may speak. `closed`: nobody, hosts included. */
export const roomModes = ['everyone', 'members', 'speakers', 'hosts', 'closed'] as const;
export type RoomMode = (typeof roomModes)[number];

/** What becomes of who comes new: he is let in, a host lets him in, or nobody is. BigBlueButton's words. */
export const guestPolicies = ['ALWAYS_ACCEPT', 'ASK_MODERATOR', 'ALWAYS_DENY'] as const;
export type GuestPolicy = (typeof guestPolicies)[number];

/** Until for good: the last moment that a `Date` can hold, milliseconds since 1970. */
export const FOREVER = 8_640_000_000_000_000;

/** Names of facts. Those of a person end in the user's id. */
export const factNames = {
  mode: 'mode',
  slow: 'slow',
  opens: 'opens',
  closes: 'closes',
  guests: 'guests',
  pins: 'pins',
  /** Settings from before a panic. */
  prior: 'prior',
  /** Who was put out of late, as JSON; see {@link kicksOf}. */
  kicks: 'kicks',
  /** Owners, as a JSON array of user ids in ascending order. */
  owners: 'owners',
  role: (userId: number) => `r${userId}`,
  muted: (userId: number) => `m${userId}`,
  banned: (userId: number) => `b${userId}`,
} as const;

/** A message that stays in sight, as it was when it was pinned. `expiresAt`: milliseconds since 1970. */
export const pinSchema = z.object({
  seq: z.number(),
  text: z.string(),
  fromUserId: z.number(),
  fromUserName: z.string(),
  expiresAt: z.number().optional(),
});
export type Pin = z.infer<typeof pinSchema>;
const pinsSchema = z.array(pinSchema);

/**
 * The settings of a room. Times are milliseconds since 1970. Before `opensAt` and from `closesAt` on only hosts may speak.
 * `slowModeWaitTime`: seconds between two messages of one person; 0 for none.
 */
export interface RoomSettings {
  readonly mode: RoomMode;
  readonly slowModeWaitTime: number;
  readonly opensAt?: number;
  readonly closesAt?: number;
  readonly guestPolicy: GuestPolicy;
}

const numberOf = (value: string | undefined): number | undefined =>
  value === undefined ? undefined : Number(value);

/** The settings that facts stand for; defaults for what they do not say. */
export function settingsOf(facts: RoomFacts): RoomSettings {
  const [opensAt, closesAt] = [numberOf(facts.get(factNames.opens)), numberOf(facts.get(factNames.closes))];
  const mode = facts.get(factNames.mode);
  const policy = facts.get(factNames.guests);
  return {
    mode: roomModes.find((known) => known === mode) ?? 'everyone',
    slowModeWaitTime: numberOf(facts.get(factNames.slow)) ?? 0,
    ...(opensAt !== undefined && { opensAt }),
    ...(closesAt !== undefined && { closesAt }),
    guestPolicy: guestPolicies.find((known) => known === policy) ?? 'ALWAYS_ACCEPT',
  };
}

/** A person's role; the given default for who has been given none. */
export function roleOf(facts: RoomFacts, userId: number, byDefault: RoomRole = 'member'): RoomRole {
  const role = facts.get(factNames.role(userId));
  return roomRoles.find((known) => known === role) ?? byDefault;
}

/** Until when a person may not speak, milliseconds since 1970; 0 when he may. */
export const mutedUntil = (facts: RoomFacts, userId: number): number =>
  numberOf(facts.get(factNames.muted(userId))) ?? 0;

/** Until when a person may not be in the room, milliseconds since 1970; 0 when he may. */
export const bannedUntil = (facts: RoomFacts, userId: number): number =>
  numberOf(facts.get(factNames.banned(userId))) ?? 0;

/** When a panic has put everybody out who was in as a guest, milliseconds since 1970; 0 without one. Who was let in later stays. */
export function guestsOutSince(facts: RoomFacts): number {
  const prior = z.object({ since: z.number() }).safeParse(parsedFact(facts.get(factNames.prior)));
  return prior.success ? prior.data.since : 0;
}

export const isPanic = (facts: RoomFacts): boolean => facts.has(factNames.prior);

/** The pinned messages, in the order in which they were pinned; none when what is there cannot be read. */
export function pinsOf(facts: RoomFacts): readonly Pin[] {
  const parsed = parsedFact(facts.get(factNames.pins));
  const pins = pinsSchema.safeParse(parsed);
  return pins.success ? pins.data : [];
}

/** Somebody was put out, and may come back. `at`: milliseconds since 1970. */
export const kickSchema = z.object({ userId: z.number(), at: z.number() });
export type Kick = z.infer<typeof kickSchema>;
const kicksSchema = z.array(kickSchema);

/**
 * Who was put out of late, in order. Nothing of it holds: it is there for who has missed the act itself, a gateway that skipped it.
 */
export function kicksOf(facts: RoomFacts): readonly Kick[] {
  const kicks = kicksSchema.safeParse(parsedFact(facts.get(factNames.kicks)));
  return kicks.success ? kicks.data : [];
}

/** User ids of the owners. */
export function ownersOf(facts: RoomFacts): readonly number[] {
  const parsed = z.array(z.number()).safeParse(parsedFact(facts.get(factNames.owners)));
  return parsed.success ? parsed.data : [];
}

function parsedFact(value: string | undefined): unknown {
  try {
    return value === undefined ? undefined : JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** Facts as they are after changes. */
export function withChanges(facts: RoomFacts, changes: readonly FactChange[]): RoomFacts {
  const next = new Map(facts);
  for (const [name, value] of changes) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  return next;
}

/** What one member is told of a room when he joins: everything but other people's restrictions. */
export const roomStateSchema = z.object({
  mode: z.enum(roomModes),
  slowModeWaitTime: z.number(),
  opensAt: z.number().optional(),
  closesAt: z.number().optional(),
  /** A server of before says nothing. */
  guestPolicy: z.enum(guestPolicies).default('ALWAYS_ACCEPT'),
  /** The room has been put in order by one act, which can be taken back. */
  panic: z.boolean(),
  pins: z.array(pinSchema),
  /** Names of nobody: who has a role above `member`, by user id. */
  roles: z.record(z.string(), z.enum(roomRoles)),
  role: z.enum(roomRoles),
  /** Until when one may not speak, milliseconds since 1970; 0 when one may. */
  mutedUntil: z.number(),
});
export type RoomState = z.infer<typeof roomStateSchema>;

/** Roles by user id, as far as they are given. */
function rolesOf(facts: RoomFacts): Record<string, RoomRole> {
  const roles: Record<string, RoomRole> = {};
  for (const name of facts.keys())
    if (/^r\d+$/.test(name)) roles[name.slice(1)] = roleOf(facts, Number(name.slice(1)));
  return roles;
}

/** The part of a room's state that is the same for everybody. */
export function sharedStateOf(facts: RoomFacts): Omit<RoomState, 'role' | 'mutedUntil'> {
  return { ...settingsOf(facts), panic: isPanic(facts), pins: [...pinsOf(facts)], roles: rolesOf(facts) };
}

/** A room as one member sees it. */
export function stateFor(facts: RoomFacts, userId: number, byDefault?: RoomRole): RoomState {
  return {
    ...sharedStateOf(facts),
    role: roleOf(facts, userId, byDefault),
    mutedUntil: mutedUntil(facts, userId),
  };
}

/** Facts that a member can know: those that its state says, for {@link withChanges} to go on from. */
export function factsOfState(state: RoomState, userId: number): RoomFacts {
  const facts = new Map<string, string>();
  if (state.mode !== 'everyone') facts.set(factNames.mode, state.mode);
  if (state.slowModeWaitTime > 0) facts.set(factNames.slow, String(state.slowModeWaitTime));
  if (state.opensAt !== undefined) facts.set(factNames.opens, String(state.opensAt));
  if (state.closesAt !== undefined) facts.set(factNames.closes, String(state.closesAt));
  if (state.guestPolicy !== 'ALWAYS_ACCEPT') facts.set(factNames.guests, state.guestPolicy);
  if (state.panic) facts.set(factNames.prior, '{}');
  if (state.pins.length > 0) facts.set(factNames.pins, JSON.stringify(state.pins));
  for (const [id, role] of Object.entries(state.roles)) facts.set(factNames.role(Number(id)), role);
  if (state.mutedUntil > 0) facts.set(factNames.muted(userId), String(state.mutedUntil));
  return facts;
}
