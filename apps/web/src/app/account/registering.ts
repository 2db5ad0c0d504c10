import { ApiError, type ParleyApi } from '@parley/client';
import type { Session } from './stored-session.js';

/**
 * Registers, also when the answer was lost: whoever tries once more finds the name taken, by himself.
 *
 * @returns What creates an account and logs in. It throws `ApiError`.
 */
export function registering(
  api: Pick<ParleyApi, 'register' | 'login'>,
): (userName: string, password: string) => Promise<Session> {
  /** A name whose account may have been made. */
  let unsure: string | undefined;
  return async (userName, password) => {
    try {
      return await api.register(userName, password);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const own =
        error.code === 'NAME_TAKEN' && userName === unsure
          ? await api.login(userName, password).catch(() => undefined)
          : undefined;
      if (own) return own;
      if (error.status === 0 || error.status >= 500) unsure = userName;
      throw error;
    }
  };
}
