import {
  AppError,
  factNames,
  isHost,
  limits,
  pinsOf,
  rankOf,
  roomRoles,
  type MessageRange,
  type Pin,
  type RoomFacts,
  type RoomRole,
} from '@parley/protocol';
import { asTheyAre, type ActContext, type ActResolver, type ResolvedAct } from './resolved-act.js';

interface Selector {
  readonly seq?: number | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly userId?: number | undefined;
  readonly lastSeconds?: number | undefined;
}

/** Users who have been given at least this rank. */
export function usersFrom(facts: RoomFacts, rank: number): number[] {
  return [...facts]
    .filter(
      ([name, role]) =>
        /^r\d+$/.test(name) && roomRoles.includes(role as RoomRole) && rankOf(role as RoomRole) >= rank,
    )
    .map(([name]) => Number(name.slice(1)));
}

async function rangeOf(selector: Selector, context: ActContext): Promise<MessageRange> {
  const { seq, from, to, userId, lastSeconds } = selector;
  if (seq !== undefined) return { from: seq, to: seq };
  if (from !== undefined && to !== undefined)
    return { from, to, ...(userId !== undefined && { of: [userId] }) };
  const since = context.nowMs - (lastSeconds ?? 0) * 1_000;
  return {
    from: await context.messages.firstSince(context.roomId, since, context.head),
    ...(userId !== undefined && { of: [userId] }),
  };
}

/** Pins that stay when these messages are gone; undefined when all do. */
function pinsWithout(facts: RoomFacts, { from, to = Infinity, of, except }: MessageRange): Pin[] | undefined {
  const pins = pinsOf(facts);
  const kept = pins.filter(
    ({ seq, fromUserId }) =>
      seq < from || seq > to || (of && !of.includes(fromUserId)) || except?.includes(fromUserId),
  );
  return kept.length === pins.length ? undefined : kept;
}

const because = (reason: string | undefined) => (reason === undefined ? {} : { reason });

export const deleteMessages: ActResolver<'delete'> = async (act, context) => {
  const range = await rangeOf(act, context);
  const { facts, actor } = context;
  const of =
    act.seq === undefined ? act.userId : (await context.messages.find(context.roomId, act.seq)).fromUserId;
  const isOwn = of === actor.userId;
  if (isOwn && !isHost(actor.role)) await checkAge(act, context);
  // Of many people's messages those of people who are not below stay.
  const range2 =
    of === undefined && act.seq === undefined
      ? { ...range, except: usersFrom(facts, rankOf(actor.role)).filter((userId) => userId !== actor.userId) }
      : range;
  const pins = pinsWithout(facts, range2);
  const resolved: ResolvedAct = {
    event: {
      kind: 'delete',
      range: range2,
      by: isOwn ? 'self' : 'moderator',
      ...because(act.reason),
      ...(pins && { pins }),
    },
    expect: pins ? asTheyAre(facts, factNames.pins) : [],
    reason: act.reason,
  };
  if (isOwn) return { ...resolved, isFree: true, isSigned: true };
  if (of === undefined) return resolved;
  return { ...resolved, target: { ...(await context.person(of)), mustBeLower: true } };
};

/** One's own may be taken back for a while. @throws {AppError} `FORBIDDEN`. */
async function checkAge(act: Selector, { messages, roomId, nowMs }: ActContext): Promise<void> {
  const maxMs = limits.ownDeleteSeconds * 1_000;
  if (act.lastSeconds !== undefined && act.lastSeconds <= limits.ownDeleteSeconds) return;
  const first = act.seq ?? act.from;
  if (first !== undefined && (await messages.find(roomId, first)).sentAt >= nowMs - maxMs) return;
  throw new AppError('FORBIDDEN');
}

export const restore: ActResolver<'restore'> = async (act, context) => {
  const range = await rangeOf(act, context);
  if (act.seq !== undefined) await context.messages.find(context.roomId, act.seq);
  return { event: { kind: 'restore', range } };
};

export const pin: ActResolver<'pin'> = async ({ seq, expiresAt }, context) => {
  const { facts, messages, roomId, nowMs } = context;
  const message = await messages.find(roomId, seq);
  const kept = pinsOf(facts).filter((known) => known.seq !== seq && (known.expiresAt ?? Infinity) > nowMs);
  if (kept.length >= limits.maxPins) throw new AppError('TOO_MANY_PINS');
  const text = [...message.msg].slice(0, limits.maxPinCodePoints).join('');
  const { fromUserId, fromUserName } = message;
  const pinned = { seq, text, fromUserId, fromUserName, ...(expiresAt !== undefined && { expiresAt }) };
  return { event: { kind: 'pins', pins: [...kept, pinned] }, expect: asTheyAre(facts, factNames.pins) };
};

export const unpin: ActResolver<'unpin'> = ({ seq }, { facts }) => {
  const pins = pinsOf(facts);
  const kept = pins.filter((known) => known.seq !== seq);
  if (kept.length === pins.length) throw new AppError('MESSAGE_NOT_FOUND');
  return { event: { kind: 'pins', pins: kept }, expect: asTheyAre(facts, factNames.pins) };
};

export const announce: ActResolver<'announce'> = ({ style, msg }) => ({
  event: { kind: 'announcement', style, msg },
  isSigned: true,
});
