import { useEffect, type ReactNode } from 'react';
import type { Session } from './account/stored-session.js';
import { LoginPage } from './pages/login-page.js';
import { NotFoundPage } from './pages/not-found-page.js';
import { RegisterPage } from './pages/register-page.js';
import { RefusedPage, SplashPage, UnreachablePage } from './pages/waiting-page.js';
import { firstRoomId, parseRoute, pathOf, type Route } from './routing/route.js';
import { currentRouteState, navigate, useRoute } from './routing/router.js';
import { ChatContext, useSite } from './site/site-context.js';
import type { LazyPart } from './site/lazy-part.js';
import type { ThreadRoute } from './site/server.js';
import type { Chat } from './site/site.js';
import { useObservable } from './use-observable.js';

/** Pages for who is logged in; somebody who is not comes back to them. */
const isPlace = ({ page }: Route): boolean => page === 'room' || page === 'direct' || page === 'code';

/** Where a visitor, or a user, has to be instead; undefined when the page is theirs to see. */
function detour(route: Route, session: Session | undefined): { to: Route; returnTo?: string } | undefined {
  if (route.page === 'unknown' || route.page === 'join') return undefined;
  const isForVisitors = route.page === 'login' || route.page === 'register';
  if (!session) {
    if (isForVisitors) return undefined;
    return { to: { page: 'login' }, ...(isPlace(route) ? { returnTo: pathOf(route) } : {}) };
  }
  if (session.roomId !== undefined) {
    const isThere = route.page === 'room' && route.roomId === session.roomId;
    return isThere ? undefined : { to: { page: 'room', roomId: session.roomId } };
  }
  if (isPlace(route)) return undefined;
  const back = isForVisitors ? parseRoute(currentRouteState().returnTo ?? '/') : route;
  return { to: isPlace(back) || back.page === 'join' ? back : { page: 'room', roomId: firstRoomId } };
}

/** Shows the page that the address names, or leads to the one that can be shown. */
export function App() {
  const site = useSite();
  const route = useRoute();
  const state = useObservable(site.state, (value) => value);
  const session = useObservable(site.account.state, (account) => account.session);
  const away = detour(route, session);
  const target = away && pathOf(away.to);
  const returnTo = away?.returnTo;

  useEffect(() => {
    if (target === undefined) return;
    navigate(parseRoute(target), { replace: true, state: returnTo === undefined ? {} : { returnTo } });
  }, [target, returnTo]);

  if (state.phase === 'refused') return <RefusedPage refused={state.refused} />;
  if (away) return <SplashPage />;
  switch (route.page) {
    case 'login':
      return <LoginPage />;
    case 'register':
      return <RegisterPage />;
    case 'join':
      return (
        <Loaded part={site.door}>
          {({ JoinPage }) => <JoinPage key={route.invite} invite={route.invite} />}
        </Loaded>
      );
    case 'code':
      return (
        <Loaded part={site.door}>
          {({ CodePage }) => <CodePage key={route.code} code={route.code ?? ''} />}
        </Loaded>
      );
    case 'room':
    case 'direct':
      if (session?.waiting && session.roomId !== undefined) {
        const waiting = { session, roomId: session.roomId };
        return <Loaded part={site.door}>{({ LobbyPage }) => <LobbyPage {...waiting} />}</Loaded>;
      }
      return <Loaded part={site.chat}>{(chat) => <ChatOf chat={chat} route={route} />}</Loaded>;
    default:
      return <NotFoundPage />;
  }
}

/** What needs the server, and a part of the site; until then, what there is to say about that. */
function Loaded<T>(props: { readonly part: LazyPart<T>; readonly children: (part: T) => ReactNode }) {
  const { part, children } = props;
  const { phase } = useObservable(useSite().state, (value) => value);
  const loaded = useObservable(part.state, (value) => value);
  useEffect(() => part.want(), [part]);
  if (phase === 'failed' || loaded.phase === 'failed') return <UnreachablePage />;
  return phase === 'ready' && loaded.phase === 'ready' ? children(loaded.part) : <SplashPage />;
}

function ChatOf({ chat, route }: { readonly chat: Chat; readonly route: ThreadRoute }) {
  const { ChatPage } = chat;
  const session = useObservable(chat.session, (value) => value);
  if (!session) return <SplashPage />;
  return (
    <ChatContext value={session}>
      <ChatPage route={route} />
    </ChatContext>
  );
}
