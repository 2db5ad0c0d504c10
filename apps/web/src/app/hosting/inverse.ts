import { actInverses, mayAct, type ActInput, type RoomState } from '@parley/protocol';
import { roleIn } from './offers.js';

/** A restriction that somebody was under. `until`: milliseconds since 1970; undefined for good. */
export interface Held {
  readonly kind: 'timeout' | 'ban';
  readonly until?: number | undefined;
  readonly reason?: string | undefined;
}

/**
 * How an act is taken back: by another act; by showing again what it hid, whose numbers stand in its event; or by restricting
 * somebody as he was before.
 */
export type Inverse =
  | { readonly act: ActInput }
  | { readonly hiddenBy: number }
  | { readonly restrict: Restricting; readonly held: readonly Held[] };

/** An act that changes what somebody is restricted by. */
export type Restricting = Extract<ActInput, { act: 'timeout' | 'untimeout' | 'ban' | 'unban' }>;

export const isRestricting = (act: ActInput): act is Restricting =>
  ['timeout', 'untimeout', 'ban', 'unban'].includes(act.act);

/** What is known of a room from before an act. */
export interface Before {
  readonly state: RoomState;
  /** Restrictions of whom it concerns; undefined when they could not be looked up. */
  readonly held?: readonly Held[] | undefined;
}

/**
 * What takes an act back, for who may do that; see `actInverses`.
 *
 * @param seq - Of the act.
 */
export function inverseOf(act: ActInput, before: Before, seq: number): Inverse | undefined {
  const table = actInverses[act.act];
  if (!('by' in table) || !mayAct(table.by, before.state.role)) return undefined;
  if (isRestricting(act)) return restrictionInverse(act, before.held);
  return otherInverse(act, before.state, seq);
}

function restrictionInverse(act: Restricting, held: readonly Held[] | undefined): Inverse | undefined {
  const isLift = act.act === 'untimeout' || act.act === 'unban';
  // Of what was lifted nothing is known.
  if (isLift && (held === undefined || held.length === 0)) return undefined;
  return { restrict: act, held: held ?? [] };
}

function otherInverse(
  act: Exclude<ActInput, Restricting>,
  before: RoomState,
  seq: number,
): Inverse | undefined {
  switch (act.act) {
    case 'delete':
      return act.seq === undefined ? { hiddenBy: seq } : { act: { act: 'restore', seq: act.seq } };
    case 'restore':
      return act.seq === undefined ? undefined : { act: { act: 'delete', seq: act.seq } };
    case 'pin':
      return { act: { act: 'unpin', seq: act.seq } };
    case 'unpin': {
      const pinned = before.pins.find((pin) => pin.seq === act.seq);
      const expiresAt = pinned?.expiresAt === undefined ? {} : { expiresAt: pinned.expiresAt };
      return pinned && { act: { act: 'pin', seq: act.seq, ...expiresAt } };
    }
    case 'role': {
      const role = roleIn(before, { userId: Number(act.userId) });
      // What is not given cannot be given back: taking the role away makes a guest a guest.
      return { act: { act: 'role', userId: act.userId, role: role === 'guest' ? 'member' : role } };
    }
    case 'settings':
      return {
        act: {
          act: 'settings',
          ...(act.mode !== undefined && { mode: before.mode }),
          ...(act.slowModeWaitTime !== undefined && { slowModeWaitTime: before.slowModeWaitTime }),
          ...(act.guestPolicy !== undefined && { guestPolicy: before.guestPolicy }),
          ...(act.opensAt !== undefined && { opensAt: before.opensAt ?? null }),
          ...(act.closesAt !== undefined && { closesAt: before.closesAt ?? null }),
        },
      };
    case 'panic':
      return { act: { act: 'calm', restore: true } };
    case 'announce':
      return { act: { act: 'delete', seq } };
    case 'kick':
    case 'calm':
    case 'handOver':
    case 'takeOver':
      return undefined;
  }
}

/**
 * The acts after which somebody is restricted as he was before another act, in order; none when that has ended meanwhile.
 *
 * @param nowMs - By the server's clock.
 */
export function restrictedAs(act: Restricting, held: readonly Held[], nowMs: number): ActInput[] {
  const { userId } = act;
  const again = (kind: Held['kind']): ActInput[] => {
    const before = held.find((one) => one.kind === kind);
    if (!before) return [];
    const { until, reason } = before;
    const why = reason === undefined ? {} : { reason };
    const isForGood = until === undefined || until >= FOR_GOOD_MS;
    if (kind === 'ban' && isForGood) return [{ act: 'ban', userId, ...why }];
    const seconds = Math.ceil(((until ?? 0) - nowMs) / 1_000);
    return seconds > 0 ? [{ act: kind, userId, seconds, ...why }] : [];
  };
  const [timeout, ban] = [again('timeout'), again('ban')];
  switch (act.act) {
    case 'timeout':
      return timeout.length > 0 ? timeout : [{ act: 'untimeout', userId }];
    case 'untimeout':
      return timeout;
    case 'ban':
      // Whose ban is lifted may also write again.
      return ban.length > 0 ? ban : [{ act: 'unban', userId }, ...timeout];
    case 'unban':
      return [...ban, ...timeout];
  }
}

/** As good as never: such an end is none. */
export const FOR_GOOD_MS = 8_000_000_000_000_000;
