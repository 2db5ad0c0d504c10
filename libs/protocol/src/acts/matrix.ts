import type { ActName } from './acts.js';
import { rankOf, type RoomRole } from './roles.js';

/** Who may do an act, and to whom. */
export interface ActRule {
  /** The lowest role that may. `author`: everybody, for what is his own. `admin`: admins of the site, whatever they are in the room. */
  readonly from: RoomRole | 'author' | 'admin';
  /**
   * Whom it concerns: `lower` is somebody of a lower role; `room` is nobody in particular; `any` is anybody.
   * For messages it is their author.
   */
  readonly on: 'lower' | 'room' | 'any';
}

/** The acts matrix: role × act × role of whom it concerns. docs/acts.md is generated from it, and one test tries every cell. */
export const actRules: Readonly<Record<ActName, ActRule>> = {
  settings: { from: 'moderator', on: 'room' },
  role: { from: 'moderator', on: 'lower' },
  handOver: { from: 'owner', on: 'any' },
  takeOver: { from: 'admin', on: 'room' },
  timeout: { from: 'moderator', on: 'lower' },
  untimeout: { from: 'moderator', on: 'lower' },
  kick: { from: 'moderator', on: 'lower' },
  ban: { from: 'moderator', on: 'lower' },
  unban: { from: 'moderator', on: 'lower' },
  delete: { from: 'author', on: 'lower' },
  restore: { from: 'moderator', on: 'room' },
  announce: { from: 'moderator', on: 'room' },
  pin: { from: 'moderator', on: 'room' },
  unpin: { from: 'moderator', on: 'room' },
  panic: { from: 'moderator', on: 'room' },
  calm: { from: 'moderator', on: 'room' },
};

/** The lowest role for an act on what is not one's own. */
export const actsFrom = (act: ActName): RoomRole => {
  const { from } = actRules[act];
  return from === 'author' ? 'moderator' : from === 'admin' ? 'guest' : from;
};

/**
 * Whether somebody may do an act, as the room stands. The server decides in the same way, at the act's own number.
 *
 * @param target - Role of whom it concerns; undefined for the room, or for one's own.
 * @param given - For `role`: the role that is given. Only an owner makes owners and moderators.
 */
export function mayAct(act: ActName, role: RoomRole, target?: RoomRole, given?: RoomRole): boolean {
  const { from, on } = actRules[act];
  if (from === 'author' && target === undefined) return true;
  if (rankOf(role) < rankOf(actsFrom(act))) return false;
  if (given !== undefined && role !== 'owner' && rankOf(given) >= rankOf(role)) return false;
  // Who came without an account has no standing that would outlast his visit.
  if ((act === 'role' || act === 'handOver') && target === 'guest') return false;
  // An owner is the last instance: he may take another owner's role.
  if (act === 'role' && role === 'owner') return true;
  return on !== 'lower' || target === undefined || rankOf(target) < rankOf(role);
}
