import type { ActInput } from '@parley/protocol';
import { FOR_GOOD_MS, isRestricting, type Before, type Held, type Restricting } from './inverse.js';
import { roleIn } from './offers.js';

/** The end of a restriction is told by two clocks of the server's, milliseconds. */
const END_SLACK_MS = 5_000;

/** How things stood before an act, and when it was done, milliseconds since 1970 by the server's clock. */
export interface Basis {
  readonly before: Before;
  readonly doneAtMs: number;
}

/**
 * Whether what an act has changed is something else by now: somebody has decided anew, and to take the act back would take that
 * back. It is not where things are as the act has left them, nor where they are as before it: it may not have arrived here yet.
 */
export function isChangedSince(act: ActInput, { before, doneAtMs }: Basis, now: Before): boolean {
  const isNew = <T>(done: T, was: T, is: T) => is !== done && is !== was;
  if (isRestricting(act)) {
    if (before.held === undefined || now.held === undefined) return false;
    const is = endOf(act, now.held);
    return !isSame(is, endAfter(act, doneAtMs)) && !isSame(is, endOf(act, before.held));
  }
  if (act.act === 'role') {
    const user = { userId: Number(act.userId) };
    return isNew(act.role, roleIn(before.state, user), roleIn(now.state, user));
  }
  if (act.act !== 'settings') return false;
  const { mode, slowModeWaitTime, guestPolicy, opensAt, closesAt } = act;
  const given = { mode, slowModeWaitTime, guestPolicy, opensAt, closesAt };
  return Object.entries(given).some(([name, done]) => {
    if (done === undefined) return false;
    const key = name as keyof typeof given;
    return isNew<unknown>(done, before.state[key] ?? null, now.state[key] ?? null);
  });
}

/** When the restriction that an act is about ends, milliseconds since 1970; undefined for none, `Infinity` for never. */
function endOf({ act }: Restricting, held: readonly Held[]): number | undefined {
  const kind = act === 'ban' || act === 'unban' ? 'ban' : 'timeout';
  const found = held.find((one) => one.kind === kind);
  return found && endIn(found.until);
}

function endAfter(act: Restricting, doneAtMs: number): number | undefined {
  if (act.act === 'untimeout' || act.act === 'unban') return undefined;
  return act.seconds === undefined ? Infinity : doneAtMs + act.seconds * 1_000;
}

const endIn = (until: number | undefined): number =>
  until === undefined || until >= FOR_GOOD_MS ? Infinity : until;

function isSame(one: number | undefined, other: number | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one === other || Math.abs(one - other) <= END_SLACK_MS;
}
