import { Account } from '../account/account.js';
import type { ChatSession } from '../chat/chat-session.js';
import { loadPart } from '../load-part.js';
import { Observable, type Watchable } from '../observable.js';
import type { DemoAccounts } from '../account/demo-accounts.js';
import { Retries } from '../retries.js';
import type { RefusedAddress } from './endpoints.js';
import { LazyPart } from './lazy-part.js';
import type { ChatPart, DoorPart, Server, ServerPart, SiteParts } from './server.js';

/** How far the page has come with the server. */
export type SiteState =
  | { readonly phase: 'loading' }
  /** It is tried again by itself. */
  | { readonly phase: 'failed' }
  /** Browsers will not let this page call it. */
  | { readonly phase: 'refused'; readonly refused: RefusedAddress }
  | { readonly phase: 'ready'; readonly server: Server };

/** What somebody who is logged in sees, with the session that follows the account. */
export type Chat = Pick<ChatPart, 'ChatPage'> & { readonly session: Watchable<ChatSession | undefined> };

/**
 * The parts of a running site. They live as long as the page, outside React: a render must not open connections. What talks to
 * the server is loaded behind the first look at the page, and the chat once somebody comes who will see it.
 */
export class Site {
  readonly account: Account;
  readonly state = new Observable<SiteState>({ phase: 'loading' });
  readonly chat: LazyPart<Chat>;
  readonly door: LazyPart<DoorPart>;
  readonly #retries = new Retries();

  constructor(parts: SiteParts) {
    const server = this.#connect(parts.server);
    this.account = new Account(() => server);
    this.chat = new LazyPart(async () => {
      const { follow, ChatPage } = await loadPart(parts.chat);
      const { endpoints } = await server;
      return { session: follow(this.account, endpoints), ChatPage };
    }, this.#retries);
    this.door = new LazyPart(() => loadPart(parts.door), this.#retries);
    const wantChat = () => {
      const { session } = this.account.state.get();
      if (session && !session.waiting) this.chat.want();
    };
    this.account.state.subscribe(wantChat);
    wantChat();
  }

  /** Tries now what waits for a better moment. */
  retryNow(): void {
    this.#retries.hurry(0);
  }

  /** Who has no account may try Parley out with these; undefined where there are none, or nobody has said so yet. */
  get demo(): DemoAccounts | undefined {
    const state = this.state.get();
    return state.phase === 'ready' ? state.server.demo : undefined;
  }

  /** Never resolves where the page may not call the server. */
  async #connect(load: () => Promise<ServerPart>): Promise<Server> {
    const page = new AbortController();
    const { signal } = page;
    window.addEventListener('online', () => this.#retries.hurry(), { signal });
    const failed = () => this.state.set({ phase: 'failed' });
    const { findServer } = await this.#retries.run(() => loadPart(load), { signal, failed });
    const found = await this.#retries.run(findServer, { signal, failed });
    page.abort();
    if ('refused' in found) {
      this.state.set({ phase: 'refused', refused: found.refused });
      return new Promise(() => undefined);
    }
    this.state.set({ phase: 'ready', server: found.server });
    return found.server;
  }
}
