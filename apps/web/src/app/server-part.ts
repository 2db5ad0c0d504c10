import './zod-without-eval.js';
import { ApiError, ParleyApi, ParleyClient, rotating, webSocketTransport } from '@parley/client';
import type { Account, AccountServer } from './account/account.js';
import type { Session } from './account/stored-session.js';
import { ChatSession } from './chat/chat-session.js';
import { JoinPage } from './pages/join-page.js';
import { Observable, type Watchable } from './observable.js';
import { ChatPage } from './pages/chat-page.js';
import { CodePage } from './pages/code-page.js';
import { isGuess, refusedAddress, resolveEndpoints, type Endpoints } from './site/endpoints.js';
import type { FoundServer } from './site/server.js';
import { loadSiteConfig } from './site/load-site-config.js';

/** Asks where the server is. @throws {ApiError} Trying again may help. */
export async function findServer(): Promise<FoundServer> {
  const config = await loadSiteConfig();
  const endpoints = resolveEndpoints(config, window.location);
  const refused = refusedAddress(endpoints, window.location);
  if (refused) return { refused };
  const demo = config.demo ?? undefined;
  return {
    serve: (account) => {
      const chat = followed(account, endpoints);
      return {
        ...accountServer(endpoints, isGuess(config, window.location)),
        demo,
        chat,
        ChatPage,
        JoinPage,
        CodePage,
      };
    },
  };
}

/** @param isGuessed - No answer may mean that nothing is there: it is said then what to set. */
function accountServer({ apiUrl }: Endpoints, isGuessed: boolean): AccountServer {
  const api = new ParleyApi({ baseUrl: apiUrl });
  const named = (error: unknown) => {
    const isSilent = isGuessed && error instanceof ApiError && error.code === 'NETWORK';
    throw isSilent ? new ApiError(0, 'ADDRESS_GUESSED', true, undefined, { cause: error }) : error;
  };
  return {
    login: (userName, password) => api.login(userName, password).catch(named),
    register: (userName, password) => api.register(userName, password).catch(named),
    invitation: (invite) => api.invitation(invite).catch(named),
    join: ({ token }, by) =>
      new ParleyApi({ baseUrl: apiUrl, getToken: () => token }).joinRoom(by).catch(named),
    enter: (invite, name) => api.enterAsGuest(invite, name).catch(named),
    logout: ({ token }) => new ParleyApi({ baseUrl: apiUrl, getToken: () => token }).logout(),
  };
}

/** A chat session for as long as somebody is logged in. */
function followed(account: Account, endpoints: Endpoints): Watchable<ChatSession | undefined> {
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
      ...(session.roomId !== undefined && { guestOf: session.roomId }),
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
  return chat;
}
