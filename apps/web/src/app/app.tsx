import { useEffect } from 'react';
import type { Session } from './account/stored-session.js';
import { LoginPage } from './pages/login-page.js';
import { NotFoundPage } from './pages/not-found-page.js';
import { RegisterPage } from './pages/register-page.js';
import { RefusedPage, SplashPage, UnreachablePage } from './pages/waiting-page.js';
import { firstRoomId, parseRoute, pathOf, type Route } from './routing/route.js';
import { currentRouteState, navigate, useRoute } from './routing/router.js';
import { ChatContext, useSite } from './site/site-context.js';
import type { Server, ThreadRoute } from './site/server.js';
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
      if (state.phase === 'failed') return <UnreachablePage />;
      return state.phase === 'ready' ? (
        <state.server.JoinPage key={route.invite} invite={route.invite} />
      ) : (
        <SplashPage />
      );
    case 'code':
      if (state.phase === 'failed') return <UnreachablePage />;
      return state.phase === 'ready' ? (
        <state.server.CodePage key={route.code} code={route.code ?? ''} />
      ) : (
        <SplashPage />
      );
    case 'room':
    case 'direct':
      if (state.phase === 'failed') return <UnreachablePage />;
      return state.phase === 'ready' ? <Chat server={state.server} route={route} /> : <SplashPage />;
    default:
      return <NotFoundPage />;
  }
}

function Chat(props: { readonly server: Server; readonly route: ThreadRoute }) {
  const { ChatPage, chat } = props.server;
  const session = useObservable(chat, (value) => value);
  if (!session) return <SplashPage />;
  return (
    <ChatContext value={session}>
      <ChatPage route={props.route} />
    </ChatContext>
  );
}
