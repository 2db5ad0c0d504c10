import type { Session as AnySession } from '@parley/protocol';
import { readStored, writeStored } from '../storage.js';

/**
 * Who is logged in. `roomId`: of a guest, the only room that he is in. `waiting`: he has to be let in first; he came by `invite`,
 * to the room of that name.
 */
export interface Session extends AnySession {
  readonly roomId?: number;
  readonly waiting?: true;
  readonly invite?: string;
  readonly roomName?: string;
}

/**
 * Where the log-in is kept: localStorage, so that it survives a restart of the browser and all tabs share it.
 *
 * Any script of this origin can read it. A cookie would hide it from scripts, but the API and the gateways are other
 * origins (other ports, often other hosts), so a cookie would have to be a third-party one, which browsers block, and
 * would bring request forgery with it. What keeps foreign scripts out is the content security policy: no inline
 * scripts, none from elsewhere. The token ends with log-out, on the server, and everywhere at once.
 */
export const sessionKey = 'parley.session';

/**
 * Reads what {@link storeSession} kept; undefined when there is nothing usable. Whether it has expired is the server's to
 * say: a clock that is set wrong must log nobody out.
 */
export function readSession(text = readStored(sessionKey)): Session | undefined {
  if (text === null) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isSession(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The same as `sessionSchema`, which would come with all schemas; a spec holds the two together. */
function isSession(value: unknown): value is Session {
  const { token, expiresAt, user, roomId } = Object(value) as Partial<Session>;
  const { userId, userName, role } = Object(user) as Partial<Session['user']>;
  return (
    typeof token === 'string' &&
    typeof expiresAt === 'number' &&
    typeof userId === 'number' &&
    typeof userName === 'string' &&
    (role === 'guest' ? typeof roomId === 'number' : role === 'user' || role === 'admin')
  );
}

/** Keeps a session for the next visit. */
export function storeSession(session: Session): void {
  writeStored(sessionKey, JSON.stringify(session));
}

/** Forgets a session, unless another tab has logged in since: that one's log-in is not ours to drop. */
export function forgetSession(session: Session): void {
  const stored = readSession();
  if (!stored || stored.token === session.token) writeStored(sessionKey, null);
}
