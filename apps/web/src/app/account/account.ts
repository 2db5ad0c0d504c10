import { ParleyApi } from '@parley/client';
import type { Session } from '@parley/protocol';
import { Observable } from '../observable.js';
import type { DemoAccounts } from './demo-accounts.js';
import { forgetSession, readSession, sessionKey, storeSession } from './stored-session.js';

export interface AccountState {
  readonly session: Session | undefined;
  /** Why the session ended without this tab's user asking for it. `elsewhere`: in another tab. */
  readonly ended: 'revoked' | 'expired' | 'elsewhere' | undefined;
}

/** Who is logged in, in this tab. */
export class Account {
  readonly state: Observable<AccountState>;
  readonly #api: ParleyApi;

  /**
   * @param apiUrl - Address of the API.
   * @param demo - Accounts that the server offers to everybody; undefined when it does not.
   */
  constructor(
    readonly apiUrl: string,
    readonly demo?: DemoAccounts,
  ) {
    this.#api = new ParleyApi({ baseUrl: apiUrl, getToken: () => this.state.get().session?.token });
    this.state = new Observable<AccountState>({ session: readSession(), ended: undefined });
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
    this.state.set({ session: undefined, ended: undefined });
    // Out of reach: the token still expires by itself, and nobody here has it any more.
    void api.logout().catch(() => undefined);
  }

  /** The server says that the session is over. Nobody else can: clocks of devices are wrong. */
  end(session: Session, ended: 'revoked' | 'expired'): void {
    if (this.state.get().session !== session) return;
    forgetSession(session);
    this.state.set({ session: undefined, ended });
  }

  #begin(session: Session): void {
    storeSession(session);
    this.state.set({ session, ended: undefined });
  }

  /** Another tab logged out (this one's token is worthless now) or in (of use only to a tab that waits at log-in). */
  #otherTab(event: StorageEvent): void {
    if (event.key !== sessionKey && event.key !== null) return;
    const { session } = this.state.get();
    const stored = readSession(event.key === null ? null : event.newValue);
    if (session && !stored) this.state.set({ session: undefined, ended: 'elsewhere' });
    else if (!session && stored) this.state.set({ session: stored, ended: undefined });
  }
}
