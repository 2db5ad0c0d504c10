import {
  ackSchema,
  auditPageSchema,
  conversationsSchema,
  decidedSchema,
  doorLogSchema,
  doorSettingsSchema,
  guestSessionSchema,
  historyPageSchema,
  invitationSchema,
  invitesSchema,
  joinedByDoorSchema,
  madeInviteSchema,
  membersSchema,
  originalSchema,
  presenceSchema,
  readStateSchema,
  restrictionsSchema,
  roomSchema,
  roomStateAnswerSchema,
  roomsSchema,
  sessionSchema,
  unreadSchema,
  userSchema,
  usersSchema,
  waitingListSchema,
  waitingStateSchema,
  type Ack,
  type AuditPage,
  type Conversations,
  type Decided,
  type DoorLog,
  type DoorSettings,
  type GuestSession,
  type HistoryPage,
  type Invitation,
  type Invite,
  type InvitedRole,
  type JoinedByDoor,
  type MadeInvite,
  type Members,
  type Original,
  type Presence,
  type ReadState,
  type Restrictions,
  type Room,
  type RoomState,
  type Rooms,
  type Session,
  type Unread,
  type User,
  type Users,
  type WaitingList,
  type WaitingState,
} from '@parley/protocol';
import { ApiCalls, type ApiCall, type ParleyApiOptions } from './api-calls.js';
import { newClientMsgId } from './new-client-msg-id.js';

/** Which page of history. `before` and `after` exclude each other; without either, the newest page. */
export interface HistoryQuery {
  /** Messages with a smaller seq, the newest of them. */
  readonly before?: number;
  /** Messages with a larger seq, the oldest of them. */
  readonly after?: number;
  /** 1 to 200. */
  readonly limit?: number;
}

/** Which page of a list; without `cursor` the first one. */
export interface ListQuery {
  /** 1 to 200. @defaultValue 100 */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

/** On what terms somebody is invited. `expiresAt`: milliseconds since 1970. */
export interface InviteTerms {
  /** @defaultValue 'guest' */
  readonly role?: InvitedRole;
  readonly expiresAt?: number;
  readonly maxUses?: number;
}

/** Options of a send over HTTP. */
export interface ApiSendOptions {
  /** Give the same one when trying again. @defaultValue a new UUIDv7 */
  readonly idempotencyKey?: string;
}

/** The `/v1` HTTP API. Every method throws {@link ApiError} and nothing else. */
export class ParleyApi {
  readonly #call: ApiCall;

  constructor(options: ParleyApiOptions) {
    const calls = new ApiCalls(options);
    this.#call = calls.call.bind(calls) as ApiCall;
  }

  register(userName: string, password: string): Promise<Session> {
    return this.#call('POST', '/v1/register', sessionSchema, {
      body: { userName, password },
      anonymous: true,
      hasPassword: true,
    });
  }

  login(userName: string, password: string): Promise<Session> {
    return this.#call('POST', '/v1/login', sessionSchema, {
      body: { userName, password },
      anonymous: true,
      hasPassword: true,
    });
  }

  /** What an invitation opens. @param invite - Its secret, from its link. */
  invitation(invite: string): Promise<Invitation> {
    return this.#call('POST', '/v1/invitation', invitationSchema, { body: { invite }, anonymous: true });
  }

  /**
   * Comes into a room by an invitation and a name, without an account.
   *
   * @param key - A UUID. Asking again with it, because no answer came, gives a session of the same guest: it is a secret.
   */
  enterAsGuest(invite: string, name: string, key?: string): Promise<GuestSession> {
    return this.#call('POST', '/v1/guests', guestSessionSchema, {
      ...{ body: { invite, name }, anonymous: true },
      ...keyed(key),
    });
  }

  /** As a guest: takes another name. The answer is the session to go on with; the one before ends soon. */
  renameGuest(name: string): Promise<GuestSession> {
    return this.#call('PATCH', '/v1/guests/me', guestSessionSchema, { body: { name } });
  }

  /** Comes into a room with an account: by an invitation, or by a code, with the room's password if it has one. */
  joinRoom(by: { invite: string } | { code: string; password?: string }): Promise<JoinedByDoor> {
    return this.#call('POST', '/v1/rooms/join', joinedByDoorSchema, { body: by });
  }

  /** For hosts: whether the room is listed, has a password, and its code. */
  door(roomId: number): Promise<DoorSettings> {
    return this.#call('GET', `/v1/rooms/${roomId}/door`, doorSettingsSchema);
  }

  /** For owners: changes that. `password` null takes it away; `code` true makes a new one. */
  changeDoor(
    roomId: number,
    change: { listed?: boolean; password?: string | null; code?: boolean },
  ): Promise<DoorSettings> {
    return this.#call('PATCH', `/v1/rooms/${roomId}/door`, doorSettingsSchema, { body: change });
  }

  /** For hosts: makes an invitation. Its secret is in this answer alone. */
  createInvite(roomId: number, terms: InviteTerms = {}): Promise<MadeInvite> {
    return this.#call('POST', `/v1/rooms/${roomId}/invites`, madeInviteSchema, { body: terms });
  }

  /** For hosts: invitations that can be used, the newest first. */
  async invites(roomId: number): Promise<Invite[]> {
    return (await this.#call('GET', `/v1/rooms/${roomId}/invites`, invitesSchema)).invites;
  }

  /** For hosts: takes an invitation back. `sessions: 'end'`: the guests who came by it are logged out. */
  async withdrawInvite(
    roomId: number,
    inviteId: string,
    options: { sessions?: 'keep' | 'end' } = {},
  ): Promise<void> {
    await this.#call('DELETE', `/v1/rooms/${roomId}/invites/${inviteId}${searchOf(options)}`, undefined);
  }

  /** For hosts: who waits to be let in, the first to come first. `after`: the last one of the page before. */
  waiting(roomId: number, query: { after?: number; limit?: number } = {}): Promise<WaitingList> {
    return this.#call('GET', `/v1/rooms/${roomId}/waiting${searchOf(query)}`, waitingListSchema);
  }

  /** For hosts: lets people in, these or `all` who wait at this moment; with `later` those who come from now on, too. */
  admitWaiting(
    roomId: number,
    whom: readonly number[] | 'all',
    options: { later?: boolean } = {},
  ): Promise<Decided> {
    return this.#call('POST', `/v1/rooms/${roomId}/waiting/admit`, decidedSchema, {
      body: { ...whomBody(whom), ...options },
    });
  }

  /** For hosts: does not let people in, these or `all` who wait at this moment. */
  denyWaiting(roomId: number, whom: readonly number[] | 'all'): Promise<Decided> {
    return this.#call('POST', `/v1/rooms/${roomId}/waiting/deny`, decidedSchema, { body: whomBody(whom) });
  }

  /** How it stands with the caller, who waits to be let in. To be asked every ten seconds, so that the place is kept. */
  askWaiting(roomId: number): Promise<WaitingState> {
    return this.#call('GET', `/v1/rooms/${roomId}/waiting/me`, waitingStateSchema);
  }

  /** The caller waits no more. */
  async leaveWaiting(roomId: number): Promise<void> {
    await this.#call('DELETE', `/v1/rooms/${roomId}/waiting/me`, undefined);
  }

  /** For hosts: what was done at the door, the newest first. `before`: the id of a line. */
  doorLog(roomId: number, query: { before?: string; limit?: number } = {}): Promise<DoorLog> {
    return this.#call('GET', `/v1/rooms/${roomId}/door/log${searchOf(query)}`, doorLogSchema);
  }

  /** Ends the session: its token is refused and its connections close with 4501. */
  async logout(): Promise<void> {
    await this.#call('POST', '/v1/logout', undefined);
  }

  me(): Promise<User> {
    return this.#call('GET', '/v1/me', userSchema);
  }

  /** The first page of rooms: the most recently used. */
  async rooms(): Promise<Room[]> {
    return (await this.roomsPage()).rooms;
  }

  /** A page of rooms, the most recently used first. */
  roomsPage(query: ListQuery = {}): Promise<Rooms> {
    return this.#call('GET', `/v1/rooms${searchOf(query)}`, roomsSchema);
  }

  /** Rooms whose name has `text`, in any case: the most recently used first. */
  searchRooms(text: string, query: ListQuery = {}): Promise<Rooms> {
    return this.#call('GET', `/v1/rooms${searchOf({ q: text, ...query })}`, roomsSchema);
  }

  /** Users whose name has `text`, in any case; those that begin with it first. `limit` is 1 to 50, 20 by default. */
  searchUsers(text: string, query: ListQuery = {}): Promise<Users> {
    return this.#call('GET', `/v1/users${searchOf({ q: text, ...query })}`, usersSchema);
  }

  /**
   * Makes a room. `listed: false`: a private one, in no list but those of its members. `key`, up to 64 letters, digits or `_.:-`:
   * asking again with it, because no answer came, gives the room that the first try has made.
   */
  createRoom(name: string, { key, ...options }: { listed?: boolean; key?: string } = {}): Promise<Room> {
    return this.#call('POST', '/v1/rooms', roomSchema, { body: { name, ...options }, ...keyed(key) });
  }

  room(roomId: number): Promise<Room> {
    return this.#call('GET', `/v1/rooms/${roomId}`, roomSchema);
  }

  members(roomId: number): Promise<Members> {
    return this.#call('GET', `/v1/rooms/${roomId}/members`, membersSchema);
  }

  /** Whether a user has a connection. */
  presence(userId: number): Promise<Presence> {
    return this.#call('GET', `/v1/users/${userId}/presence`, presenceSchema);
  }

  /** A page of messages, ascending. */
  history(roomId: number, query: HistoryQuery = {}): Promise<HistoryPage> {
    return this.#call('GET', `/v1/rooms/${roomId}/messages${searchOf(query)}`, historyPageSchema);
  }

  /** What holds in a room, for the caller. */
  roomState(roomId: number): Promise<{ seq: number; epoch: string; state: RoomState }> {
    return this.#call('GET', `/v1/rooms/${roomId}/state`, roomStateAnswerSchema);
  }

  /** For hosts: who is banned or may not write. */
  async restrictions(roomId: number): Promise<Restrictions['restrictions']> {
    return (await this.#call('GET', `/v1/rooms/${roomId}/bans`, restrictionsSchema)).restrictions;
  }

  /** For hosts: who did what, the newest first. `about`: only what was done to this user. */
  audit(roomId: number, query: { before?: number; about?: number; limit?: number } = {}): Promise<AuditPage> {
    return this.#call('GET', `/v1/rooms/${roomId}/audit${searchOf(query)}`, auditPageSchema);
  }

  /** For hosts: a message as it was sent, deleted or not. */
  original(roomId: number, seq: number): Promise<Original> {
    return this.#call('GET', `/v1/rooms/${roomId}/messages/${seq}/original`, originalSchema);
  }

  send(roomId: number, msg: string, options: ApiSendOptions = {}): Promise<Ack> {
    return this.#send(`/v1/rooms/${roomId}/messages`, msg, options);
  }

  sendDirect(userId: number, msg: string, options: ApiSendOptions = {}): Promise<Ack> {
    return this.#send(`/v1/users/${userId}/messages`, msg, options);
  }

  /** The first page of the user's direct conversations: the most recently used. */
  async conversations(): Promise<Conversations['conversations']> {
    return (await this.conversationsPage()).conversations;
  }

  /** A page of the user's direct conversations, the most recently used first. */
  conversationsPage(query: ListQuery = {}): Promise<Conversations> {
    return this.#call('GET', `/v1/conversations${searchOf(query)}`, conversationsSchema);
  }

  /** The conversation with one other user, however long ago it was used last; undefined when they have never talked. */
  async conversationWith(userId: number): Promise<Conversations['conversations'][number] | undefined> {
    const query = searchOf({ peer: userId });
    const { conversations } = await this.#call('GET', `/v1/conversations${query}`, conversationsSchema);
    // A server of before does not know of `peer`, and answers with the first page.
    return conversations.find(({ peer }) => peer.userId === userId);
  }

  /** What is unread in the rooms that the user follows, and in his conversations: the 200 most recently used. */
  async unread(): Promise<Unread['rooms']> {
    return (await this.#call('GET', '/v1/unread', unreadSchema)).rooms;
  }

  /** Everything up to `seq` is read; from then on the user follows the room. @returns Where he stands, perhaps further. */
  markRead(roomId: number, seq: number): Promise<ReadState> {
    return this.#call('PUT', `/v1/rooms/${roomId}/read`, readStateSchema, { body: { seq } });
  }

  /** Everything is read. */
  async markAllRead(): Promise<void> {
    await this.#call('POST', '/v1/unread/clear', undefined);
  }

  /** The user does not follow the room any more, on any device. */
  async unfollow(roomId: number): Promise<void> {
    await this.#call('DELETE', `/v1/rooms/${roomId}/read`, undefined);
  }

  #send(path: string, msg: string, options: ApiSendOptions): Promise<Ack> {
    const key = options.idempotencyKey ?? newClientMsgId();
    return this.#call('POST', path, ackSchema, { body: { msg }, headers: { 'idempotency-key': key } });
  }
}

const whomBody = (whom: readonly number[] | 'all') => (whom === 'all' ? { all: true } : { userIds: whom });

const keyed = (key: string | undefined) => (key === undefined ? {} : { headers: { 'idempotency-key': key } });

/** A query as the end of an address; nothing for an empty one. */
function searchOf(query: object): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  // Not by `size`, which Safari has from 17 on.
  const search = parameters.toString();
  return search === '' ? '' : `?${search}`;
}
