import { ParleyApi, ParleyClient, rotating, webSocketTransport } from '@parley/client';
import type { Session } from '@parley/protocol';
import { Account } from '../account/account.js';
import { ChatSession } from '../chat/chat-session.js';
import { Observable } from '../observable.js';
import type { DemoAccounts } from '../account/demo-accounts.js';
import type { Endpoints } from './endpoints.js';

/** The parts of a running site. */
export interface Site {
  readonly account: Account;
  /** Follows the account: one chat session per log-in. */
  readonly chat: Observable<ChatSession | undefined>;
}

/** Puts the parts together. They live as long as the page, outside React: a render must not open connections. */
export function createSite(endpoints: Endpoints, demo?: DemoAccounts): Site {
  const account = new Account(endpoints.apiUrl, demo);
  const chat = new Observable<ChatSession | undefined>(undefined);

  const begin = (session: Session): ChatSession => {
    const getToken = () => session.token;
    return new ChatSession({
      api: new ParleyApi({ baseUrl: endpoints.apiUrl, getToken }),
      client: new ParleyClient({
        transport: webSocketTransport(rotating(endpoints.wsUrls)),
        getToken,
        // What is owed to the server is kept by chat/sending, for as long as it takes.
        sendDeadlineMs: Infinity,
        pagingDeadlineMs: 120_000,
      }),
      me: session.user,
      onEnded: (why) => account.end(session, why),
    });
  };

  let current: Session | undefined;
  const follow = () => {
    const { session } = account.state.get();
    if (session === current) return;
    current = session;
    chat.get()?.stop();
    const next = session && begin(session);
    chat.set(next);
    next?.start();
  };
  account.state.subscribe(follow);
  follow();
  return { account, chat };
}
