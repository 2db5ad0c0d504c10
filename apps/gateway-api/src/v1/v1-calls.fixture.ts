import type { ApiApp } from '../api-app.fixture.js';

/** Of a request. */
export type Headers = Record<string, string>;

/** A room as the API shows it. */
export const room = { roomId: 1, name: 'Lobby', kind: 'room' as const, online: 2 };

/** Calls of an API, as a user who is logged in unless other headers are given. */
export function callsOf(running: () => ApiApp) {
  const bearer = (token = running().token()): Headers => ({ authorization: `Bearer ${token}` });
  const get = (url: string, headers = bearer()) => running().app.inject({ method: 'GET', url, headers });
  const post = (url: string, payload?: string | object, headers = bearer()) =>
    running().app.inject({
      method: 'POST',
      url,
      ...(payload !== undefined && { payload }),
      headers: { ...(payload !== undefined && { 'content-type': 'application/json' }), ...headers },
    });
  return { bearer, get, post };
}

/** Nothing was asked, logged or revoked. */
export function forget({ logic, errors, revoked }: ApiApp): void {
  logic.calls.length = 0;
  errors.length = 0;
  revoked.clear();
}
