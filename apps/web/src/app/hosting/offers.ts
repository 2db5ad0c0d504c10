import {
  isHost,
  limits,
  mayAct,
  rankOf,
  roomRoles,
  type RoomRole,
  type RoomState,
  type User,
} from '@parley/protocol';

/** Who may be asked about: somebody in a room. */
export interface Person {
  readonly userId: number;
  readonly userName: string;
  /** He came by an invitation, without an account. */
  readonly guest?: true | undefined;
}

/** As far as it decides what may be done about it. */
export interface AboutMessage {
  readonly seq: number;
  readonly fromUserId: number;
  readonly fromGuest?: true | undefined;
  readonly sentAt: number;
  readonly deleted?: unknown;
}

/** What can be done about a message, in the order of the menu. */
export type MessageOffer = 'pin' | 'unpin' | 'delete' | 'restore' | 'original' | 'timeout' | 'person';

/** What somebody is in a room, as far as it is told; `member` for who has an account and has been given nothing. */
export const roleIn = (state: RoomState, { userId, guest }: Pick<Person, 'userId' | 'guest'>): RoomRole =>
  state.roles[String(userId)] ?? (guest ? 'guest' : 'member');

/**
 * What a user may do about a message.
 *
 * @param nowMs - Wall time: one's own message may be deleted for a while after it was sent.
 */
export function messageOffers(
  message: AboutMessage,
  me: number,
  state: RoomState,
  nowMs: number,
): MessageOffer[] {
  const { role } = state;
  const isOwn = message.fromUserId === me;
  const target = isOwn ? undefined : roleIn(state, authorOf(message));
  const may: Record<MessageOffer, boolean> = {
    pin: mayAct('pin', role) && !state.pins.some(({ seq }) => seq === message.seq),
    unpin: mayAct('unpin', role) && state.pins.some(({ seq }) => seq === message.seq),
    delete: mayAct('delete', role, target) && (!isOwn || isHost(role) || isRecent(message, nowMs)),
    restore: mayAct('restore', role),
    original: isHost(role),
    timeout: !isOwn && mayAct('timeout', role, target),
    person: !isOwn && isHost(role),
  };
  const fits: readonly MessageOffer[] =
    message.deleted === undefined
      ? ['pin', 'unpin', 'delete', 'timeout', 'person']
      : ['original', 'restore', 'timeout', 'person'];
  return fits.filter((offer) => may[offer]);
}

const authorOf = ({ fromUserId: userId, fromGuest: guest }: AboutMessage) => ({ userId, guest });

const isRecent = ({ sentAt }: AboutMessage, nowMs: number): boolean =>
  nowMs - sentAt < limits.ownDeleteSeconds * 1_000;

/** What may be done to a person. */
export interface PersonOffers {
  /** Roles that may be given, the present one not among them; the highest first. */
  readonly roles: readonly RoomRole[];
  readonly handOver: boolean;
  /** Time-out, kick, ban, and their ends. */
  readonly restrict: boolean;
  readonly deleteTheirs: boolean;
}

/** What a user may do to somebody in a room. Nobody does anything to himself here. */
export function personOffers(
  person: Pick<Person, 'userId' | 'guest'>,
  me: number,
  state: RoomState,
): PersonOffers {
  if (person.userId === me) return { roles: [], handOver: false, restrict: false, deleteTheirs: false };
  const { role } = state;
  const target = roleIn(state, person);
  return {
    roles: grantable.filter((given) => given !== target && mayAct('role', role, target, given)),
    handOver: mayAct('handOver', role, target) && target !== 'guest',
    restrict: mayAct('timeout', role, target),
    deleteTheirs: isHost(role) && mayAct('delete', role, target),
  };
}

const grantable = roomRoles.filter((role) => rankOf(role) >= rankOf('member'));

/** Whether an admin of the site may take a room over: he does not own it yet. */
export const mayTakeOver = (user: Pick<User, 'role'>, state: RoomState): boolean =>
  user.role === 'admin' && state.role !== 'owner';
