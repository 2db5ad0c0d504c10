import { useEffect } from 'react';
import { ChatPage } from './pages/chat-page.js';
import { LoginPage } from './pages/login-page.js';
import { NotFoundPage } from './pages/not-found-page.js';
import { RegisterPage } from './pages/register-page.js';
import { firstRoomId, parseRoute, pathOf, type Route } from './routing/route.js';
import { currentRouteState, navigate, useRoute } from './routing/router.js';
import { ChatContext } from './site/site-context.js';
import type { Site } from './site/site.js';
import { useObservable } from './use-observable.js';

/** Where a visitor, or a user, has to be instead; undefined when the page is theirs to see. */
function detour(route: Route, isLoggedIn: boolean): { to: Route; returnTo?: string } | undefined {
  if (route.page === 'unknown') return undefined;
  const isForVisitors = route.page === 'login' || route.page === 'register';
  if (!isLoggedIn) {
    if (isForVisitors) return undefined;
    const isPlace = route.page === 'room' || route.page === 'direct';
    return { to: { page: 'login' }, ...(isPlace ? { returnTo: pathOf(route) } : {}) };
  }
  if (route.page === 'room' || route.page === 'direct') return undefined;
  const back = isForVisitors ? parseRoute(currentRouteState().returnTo ?? '/') : route;
  const isPlace = back.page === 'room' || back.page === 'direct';
  return { to: isPlace ? back : { page: 'room', roomId: firstRoomId } };
}

/** Shows the page that the address names, or leads to the one that can be shown. */
export function App({ site }: { readonly site: Site }) {
  const route = useRoute();
  const chat = useObservable(site.chat, (value) => value);
  const away = detour(route, chat !== undefined);
  const target = away && pathOf(away.to);
  const returnTo = away?.returnTo;

  useEffect(() => {
    if (target === undefined) return;
    navigate(parseRoute(target), { replace: true, state: returnTo === undefined ? {} : { returnTo } });
  }, [target, returnTo]);

  if (away) return null;
  if (route.page === 'unknown') return <NotFoundPage />;
  if (route.page === 'login') return <LoginPage />;
  if (route.page === 'register') return <RegisterPage />;
  if (chat && (route.page === 'room' || route.page === 'direct')) {
    return (
      <ChatContext value={chat}>
        <ChatPage route={route} />
      </ChatContext>
    );
  }
  return null;
}
