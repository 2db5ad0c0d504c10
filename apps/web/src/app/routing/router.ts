import { useSyncExternalStore } from 'react';
import { parseRoute, pathOf, type Route } from './route.js';

/** What goes along with an entry of the browser's history. Survives a reload. */
export interface RouteState {
  /** Where to go after log-in. */
  readonly returnTo?: string;
  /** Name of the user whose conversation is opened, until the server's list has it. */
  readonly peerName?: string;
}

const listeners = new Set<() => void>();
let path = window.location.pathname;
let route = parseRoute(path);

function refresh(): void {
  if (window.location.pathname !== path) {
    path = window.location.pathname;
    route = parseRoute(path);
  }
  for (const listener of listeners) listener();
}
window.addEventListener('popstate', refresh);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The present route; the same object as long as the path is the same. */
export const currentRoute = (): Route => route;

/** State of the present history entry; empty when there is none, or another's. */
export function currentRouteState(): RouteState {
  const state: unknown = window.history.state;
  return typeof state === 'object' && state !== null ? state : {};
}

/** Goes to a page. `replace`: without a new entry in the browser's history. */
export function navigate(to: Route, options: { replace?: boolean; state?: RouteState } = {}): void {
  const target = pathOf(to);
  const state = options.state ?? {};
  if (options.replace || target === window.location.pathname) window.history.replaceState(state, '', target);
  else window.history.pushState(state, '', target);
  refresh();
}

/** Renders again when the page changes. */
export const useRoute = (): Route => useSyncExternalStore(subscribe, currentRoute);
