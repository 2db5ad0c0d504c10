import { ParleyApi } from '@parley/client';
import type { Session } from '@parley/protocol';
import { Observable } from '../observable.js';
import { forgetSession, readSession, sessionKey, storeSession } from './stored-session.js';

export interface AccountState {
  readonly session: Session | undefined;
  /** The session ended without this tab's user asking for it. */
  readonly wasLoggedOut: boolean;
}

/** Who is logged in, in this tab. */
export class Account {
  readonly state: Observable<AccountState>;
  readonly #api: ParleyApi;

  /** @param apiUrl - Address of the API. */
  constructor(readonly apiUrl: string) {
    this.#api = new ParleyApi({ baseUrl: apiUrl, getToken: () => this.state.get().session?.token });
    this.state = new Observable<AccountState>({ session: readSession(Date.now()), wasLoggedOut: false });
    window.addEventListener('storage', (event) => this.#otherTab(event));
  }

  /** @throws {ApiError} */
  async login(userName: string, password: string): Promise<void> {
    this.#begin(await this.#api.login(userName, password));
  }

  /** Creates the account and logs in. @throws {ApiError} */
  async register(userName: string, password: string): Promise<void> {
    this.#begin(await this.#api.register(userName, password));
  }

  /** Logs out here at once, and on the server as soon as it answers. */
  logout(): void {
    const { session } = this.state.get();
    if (!session) return;
    // The token is forgotten here: the call must carry the one it had.
    const api = new ParleyApi({ baseUrl: this.apiUrl, getToken: () => session.token });
    forgetSession(session);
    this.state.set({ session: undefined, wasLoggedOut: false });
    // Out of reach: the token still expires by itself, and nobody here has it any more.
    void api.logout().catch(() => undefined);
  }

  /** The server does not take the token any more (401, or close code 4500 or 4501). */
  expired(session: Session): void {
    if (this.state.get().session !== session) return;
    forgetSession(session);
    this.state.set({ session: undefined, wasLoggedOut: true });
  }

  #begin(session: Session): void {
    storeSession(session);
    this.state.set({ session, wasLoggedOut: false });
  }

  /** Another tab logged out (this one's token is worthless now) or in (of use only to a tab that waits at log-in). */
  #otherTab(event: StorageEvent): void {
    if (event.key !== sessionKey && event.key !== null) return;
    const { session } = this.state.get();
    const stored = readSession(Date.now(), event.key === null ? null : event.newValue);
    if (session && !stored) this.state.set({ session: undefined, wasLoggedOut: true });
    else if (!session && stored) this.state.set({ session: stored, wasLoggedOut: false });
  }
}
