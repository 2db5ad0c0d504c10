import './zod-without-eval.js';
import { ParleyClient, rotating, webSocketTransport } from '@parley/client';
import type { Account } from './account/account.js';
import type { Session } from './account/stored-session.js';
import { ChatSession } from './chat/chat-session.js';
import { Observable, type Watchable } from './observable.js';
import { serverApi } from './server-api.js';
import type { Endpoints } from './site/endpoints.js';

export { ChatPage } from './pages/chat-page.js';

/** A chat session for as long as somebody is logged in. */
export function follow(account: Account, endpoints: Endpoints): Watchable<ChatSession | undefined> {
  const chat = new Observable<ChatSession | undefined>(undefined);
  const begin = (session: Session): ChatSession => {
    const getToken = () => session.token;
    return new ChatSession({
      api: serverApi(endpoints.apiUrl, getToken),
      client: new ParleyClient({
        transport: webSocketTransport(rotating(endpoints.wsUrls)),
        getToken,
        // What is owed to the server is kept by chat/sending, for as long as it takes.
        sendDeadlineMs: Infinity,
        pagingDeadlineMs: 120_000,
      }),
      me: session.user,
      ...(session.roomId !== undefined && { guestOf: session.roomId }),
      onEnded: (why) => account.end(session, why),
    });
  };
  let current: Session | undefined;
  const changed = () => {
    const { session: known } = account.state.get();
    // Who has to be let in first has nothing to see yet.
    const session = known?.waiting ? undefined : known;
    if (session === current) return;
    current = session;
    chat.get()?.stop();
    const next = session && begin(session);
    chat.set(next);
    next?.start();
  };
  account.state.subscribe(changed);
  changed();
  return chat;
}
