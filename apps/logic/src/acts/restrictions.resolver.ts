import { AppError, factNames, FOREVER, kicksOf, limits } from '@parley/protocol';
import { asTheyAre, type ActContext, type ActResolver } from './resolved-act.js';

/** A gateway that has missed a kick for longer has lost its members meanwhile. Milliseconds. Judgement, as the number is. */
const KICK_IS_LATE_MS = 600_000;
const MAX_KICKS = 32;

async function targetOf(context: ActContext, userId: number) {
  if (userId === context.actor.userId) throw new AppError('FORBIDDEN');
  const person = await context.person(userId);
  return { ...person, mustBeLower: true };
}

/** Restrictions cost memory as long as they last. */
function checkRoom({ facts }: ActContext): void {
  if (facts.size >= limits.maxRestrictions) throw new AppError('TOO_MANY_RESTRICTIONS');
}

const named = ({ userId, userName }: { readonly userId: number; readonly userName: string }) => ({
  userId,
  userName,
});
const because = (reason: string | undefined) => (reason === undefined ? {} : { reason });

export const timeout: ActResolver<'timeout'> = async ({ userId, seconds, reason }, context) => {
  const target = await targetOf(context, userId);
  checkRoom(context);
  const until = Math.round(context.nowMs) + seconds * 1_000;
  return { event: { kind: 'timeout', ...named(target), until, ...because(reason) }, target, reason };
};

export const untimeout: ActResolver<'untimeout'> = async ({ userId }, context) => {
  const target = await targetOf(context, userId);
  return { event: { kind: 'timeout', ...named(target), until: 0 }, target };
};

export const kick: ActResolver<'kick'> = async ({ userId, reason }, context) => {
  const target = await targetOf(context, userId);
  const { facts } = context;
  const at = Math.round(context.nowMs);
  const late = kicksOf(facts).filter((kick) => kick.at > at - KICK_IS_LATE_MS && kick.userId !== userId);
  const kicks = [...late, { userId, at }].slice(-MAX_KICKS);
  return {
    event: { kind: 'kick', ...named(target), kicks, ...because(reason) },
    ...{ target, reason, expect: asTheyAre(facts, factNames.kicks) },
  };
};

export const ban: ActResolver<'ban'> = async ({ userId, seconds, reason }, context) => {
  const target = await targetOf(context, userId);
  checkRoom(context);
  const until = seconds === undefined ? FOREVER : Math.round(context.nowMs) + seconds * 1_000;
  return { event: { kind: 'ban', ...named(target), until, ...because(reason) }, target, reason };
};

export const unban: ActResolver<'unban'> = async ({ userId }, context) => {
  const target = await targetOf(context, userId);
  return { event: { kind: 'ban', ...named(target), until: 0 }, target };
};
