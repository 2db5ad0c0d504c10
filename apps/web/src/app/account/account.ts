import type { Invitation, JoinedByDoor } from '@parley/protocol';
import { Observable } from '../observable.js';
import { forgetSession, readSession, sessionKey, storeSession, type Session } from './stored-session.js';

export interface AccountState {
  readonly session: Session | undefined;
  /** Why the session ended without this tab's user asking for it. `elsewhere`: in another tab; `guest`: a guest's, however. */
  readonly ended: 'revoked' | 'expired' | 'elsewhere' | 'guest' | undefined;
}

/** By what somebody with an account comes into a room: an invitation, or the room's code, with its password if it has one. */
export type RoomKey = { readonly invite: string } | { readonly code: string; readonly password?: string };

/** What of the server an account needs. Every method throws `ApiError` of libs/client. */
export interface AccountServer {
  login(userName: string, password: string): Promise<Session>;
  register(userName: string, password: string): Promise<Session>;
  logout(session: Session): Promise<unknown>;
  /** What an invitation opens. */
  invitation(invite: string): Promise<Invitation>;
  /** Comes into a room, with an account. */
  join(session: Session, by: RoomKey): Promise<JoinedByDoor>;
  /** Comes in by an invitation, without an account. */
  enter(invite: string, name: string): Promise<Session>;
  /** Gives a guest another name, with a session of its own. */
  rename(session: Session, name: string): Promise<Session>;
}

/** Who is logged in, in this tab. */
export class Account {
  readonly state: Observable<AccountState>;
  readonly #server: () => Promise<AccountServer>;

  /** @param server - May not be known yet: whoever logs in waits for it. */
  constructor(server: () => Promise<AccountServer>) {
    this.#server = server;
    this.state = new Observable<AccountState>({ session: readSession(), ended: undefined });
    window.addEventListener('storage', (event) => this.#otherTab(event));
  }

  /** Who has come in otherwise meanwhile stays. @throws {ApiError} */
  async login(userName: string, password: string): Promise<void> {
    const session = await this.#asked((server) => server.login(userName, password));
    if (session) this.#begin(session);
  }

  /** Creates the account and logs in; likewise. @throws {ApiError} */
  async register(userName: string, password: string): Promise<void> {
    const session = await this.#asked((server) => server.register(userName, password));
    if (session) this.#begin(session);
  }

  /** What an invitation opens. @throws {ApiError} */
  async invitation(invite: string): Promise<Invitation> {
    return (await this.#server()).invitation(invite);
  }

  /** Comes into a room with the account that is logged in; undefined when it is not any more. @throws {ApiError} */
  async join(by: RoomKey): Promise<JoinedByDoor | undefined> {
    const { session } = this.state.get();
    return session && (await this.#server()).join(session, by);
  }

  /**
   * Comes in by an invitation, without an account; whoever was here as a guest before is not any more. Where hosts let people in he
   * waits from now on.
   *
   * @returns Whether he is in: who has logged in meanwhile stays who he is.
   * @throws {ApiError}
   */
  async enter(invite: string, name: string, roomName: string): Promise<boolean> {
    const session = await this.#asked((server) => server.enter(invite, name));
    if (!session) return false;
    this.logout();
    this.#begin(session.waiting ? { ...session, invite, roomName } : session);
    return true;
  }

  /** A host has let a guest in who waited: from here on he has a session that is good for the room. */
  admitted(waiting: Session, session: Session): void {
    if (this.state.get().session === waiting) this.#begin(session);
  }

  /** A guest goes on with another name. @throws {ApiError} */
  async rename(name: string): Promise<void> {
    const { session } = this.state.get();
    if (!session) return;
    const renamed = await (await this.#server()).rename(session, name);
    if (this.state.get().session === session) this.#begin(renamed);
  }

  /** Logs out here at once, and on the server as soon as it answers. */
  logout(): void {
    const { session } = this.state.get();
    if (!session) return;
    forgetSession(session);
    this.state.set({ session: undefined, ended: undefined });
    // Out of reach: the token still expires by itself, and nobody here has it any more.
    void this.#server()
      .then((server) => server.logout(session))
      .catch(() => undefined);
  }

  /** The server says that the session is over. Nobody else can: clocks of devices are wrong. */
  end(session: Session, ended: 'revoked' | 'expired'): void {
    if (this.state.get().session !== session) return;
    forgetSession(session);
    this.#ended(session, ended);
  }

  /** A guest has nothing to log in with again. */
  #ended({ user }: Session, ended: AccountState['ended']): void {
    this.state.set({ session: undefined, ended: user.role === 'guest' ? 'guest' : ended });
  }

  /** @returns Undefined when somebody has come in otherwise meanwhile: then nobody is who was asked for. @throws {ApiError} */
  async #asked(ask: (server: AccountServer) => Promise<Session>): Promise<Session | undefined> {
    const before = this.state.get().session;
    const server = await this.#server();
    const session = await ask(server);
    if (this.state.get().session === before) return session;
    void server.logout(session).catch(() => undefined);
    return undefined;
  }

  #begin(session: Session): void {
    storeSession(session);
    this.state.set({ session, ended: undefined });
  }

  /**
   * Another tab logged out (this one's token is worthless now), or in (of use only to a tab that waits at log-in), or has another
   * name for the same guest.
   */
  #otherTab(event: StorageEvent): void {
    if (event.key !== sessionKey && event.key !== null) return;
    const { session } = this.state.get();
    const stored = readSession(event.key === null ? null : event.newValue);
    if (session && !stored) this.#ended(session, 'elsewhere');
    else if (session && stored && isSameGuest(session, stored))
      this.state.set({ session: stored, ended: undefined });
    else if (!session && stored) this.state.set({ session: stored, ended: undefined });
  }
}

const isSameGuest = (one: Session, other: Session): boolean =>
  one.user.role === 'guest' && one.user.userId === other.user.userId && one.token !== other.token;
