import { hidingOf, type ActInput, type RoomEvent, type RoomMode, type RoomState } from '@parley/protocol';
import type { ActEffects, MessageSpan, Senders } from '@parley/testing';

/** Acts go by a sender of their own in the checker: the room is not told who acts. */
export const ACTS = 'acts';

type Rules = NonNullable<ActEffects['rules']>;

const modeRule = (mode: RoomMode, hosts: readonly number[]): Rules => ({
  mode:
    mode === 'closed' ? { except: [] } : mode === 'everyone' || mode === 'members' ? null : { except: hosts },
});
const only = (userId: number): Senders => ({ only: [userId] });

/** Whom an act silences from its number on, and whom no more. */
function rulesOf(event: RoomEvent, hosts: readonly number[]): Rules | undefined {
  switch (event.kind) {
    case 'settings':
    case 'panic':
    case 'calm':
      return modeRule(event.settings.mode, hosts);
    case 'timeout':
      return { [`mute ${event.userId}`]: event.until > 0 ? only(event.userId) : null };
    case 'ban':
      return {
        [`ban ${event.userId}`]: event.until > 0 ? only(event.userId) : null,
        ...(event.until === 0 && { [`mute ${event.userId}`]: null }),
      };
    default:
      return undefined;
  }
}

/** What an act does, for the history checker. @param hosts - Owners and moderators, who stay the same in a run. */
export function effectsOf(event: RoomEvent, hosts: readonly number[]): ActEffects {
  const rules = rulesOf(event, hosts);
  const hiding = hidingOf(event);
  if (!hiding) return { ...(rules && { rules }) };
  const { from, to, of, except } = hiding.range;
  const span: MessageSpan = { from, to, of: of ? { only: of } : except && { except } };
  return {
    ...(rules && { rules }),
    ...(hiding.hidden ? { hides: span } : { shows: { ...span, undoes: hiding.undoes } }),
  };
}

/** An event in words that everybody's are to be the same. */
export function wordsOf(event: RoomEvent): string {
  switch (event.kind) {
    case 'settings':
      return `settings ${event.settings.mode} ${event.settings.slowModeWaitTime}`;
    case 'timeout':
    case 'ban':
      return `${event.kind} ${event.userId} ${event.until > 0 ? 'on' : 'off'}`;
    // What was hidden later on is not in it any more.
    case 'announcement':
      return event.kind;
    default:
      return JSON.stringify(event);
  }
}

/** The same of what is asked for; undefined where only the server can say. */
export function wordsAsked(act: ActInput): string | undefined {
  switch (act.act) {
    case 'timeout':
    case 'ban':
      return `${act.act} ${act.userId} on`;
    case 'untimeout':
      return `timeout ${act.userId} off`;
    case 'unban':
      return `ban ${act.userId} off`;
    default:
      return undefined;
  }
}

/** What is asked for, as far as its sender can say: it holds from the ack on, whoever has been shown the act. */
export function effectsAsked(act: ActInput, hosts: readonly number[]): ActEffects {
  switch (act.act) {
    case 'settings':
      return act.mode === undefined ? {} : { rules: modeRule(act.mode, hosts) };
    case 'panic':
      return { rules: modeRule('hosts', hosts) };
    case 'calm':
      return { rules: modeRule('everyone', hosts) };
    case 'timeout':
      return { rules: { [`mute ${act.userId}`]: only(Number(act.userId)) } };
    case 'untimeout':
      return { rules: { [`mute ${act.userId}`]: null } };
    case 'ban':
      return { rules: { [`ban ${act.userId}`]: only(Number(act.userId)) } };
    case 'unban':
      return { rules: { [`ban ${act.userId}`]: null, [`mute ${act.userId}`]: null } };
    case 'delete':
      return act.seq === undefined ? {} : { hides: { from: act.seq, to: act.seq } };
    case 'restore':
      return act.seq === undefined ? {} : { shows: { from: act.seq, to: act.seq } };
    default:
      return {};
  }
}

/** How a room stands, in words: what is the same for all, and what is for one user. */
export function statesOf(
  known:
    (Omit<RoomState, 'role' | 'mutedUntil'> & Partial<Pick<RoomState, 'role' | 'mutedUntil'>>) | undefined,
  userId?: number,
): { audience: string; state: string }[] {
  if (!known) return [{ audience: 'all', state: 'unknown' }];
  const { mode, slowModeWaitTime, panic, pins, roles, role, mutedUntil } = known;
  const byUser = Object.entries(roles).sort(([one], [other]) => Number(one) - Number(other));
  const shown = pins.map(({ seq, text, fromUserId }) => ({ seq, text, fromUserId }));
  return [
    { audience: 'all', state: JSON.stringify({ mode, slowModeWaitTime, panic, pins: shown, roles: byUser }) },
    ...(userId === undefined
      ? []
      : [{ audience: `user ${userId}`, state: JSON.stringify({ role, mutedUntil }) }]),
  ];
}
