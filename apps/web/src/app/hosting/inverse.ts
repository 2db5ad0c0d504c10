import { mayAct, type ActInput, type RoomState } from '@parley/protocol';
import { roleIn } from './offers.js';

/** How an act is taken back: by another act; or by showing again what it hid, whose numbers stand in its event. */
export type Inverse = { readonly act: ActInput } | { readonly hiddenBy: number };

/**
 * What takes an act back, for who may do that.
 *
 * @param before - The room as it stood when it was asked for.
 * @param seq - Of the act.
 * @returns undefined for what has no inverse: a kick, a hand-over, what was lifted.
 */
export function inverseOf(act: ActInput, before: RoomState, seq: number): Inverse | undefined {
  const inverse = anyInverseOf(act, before, seq);
  const name = inverse && ('act' in inverse ? inverse.act.act : 'restore');
  return name && mayAct(name, before.role) ? inverse : undefined;
}

function anyInverseOf(act: ActInput, before: RoomState, seq: number): Inverse | undefined {
  switch (act.act) {
    case 'delete':
      return act.seq === undefined ? { hiddenBy: seq } : { act: { act: 'restore', seq: act.seq } };
    case 'restore':
      return act.seq === undefined ? undefined : { act: { act: 'delete', seq: act.seq } };
    case 'timeout':
      return { act: { act: 'untimeout', userId: act.userId } };
    case 'ban':
      return { act: { act: 'unban', userId: act.userId } };
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
    case 'untimeout':
    case 'unban':
    case 'kick':
    case 'calm':
    case 'handOver':
    case 'takeOver':
      return undefined;
  }
}
