import './zod-without-eval.js';
import { ApiError } from '@parley/client';
import type { AccountServer } from './account/account.js';
import { registering } from './account/registering.js';
import { askedTwice } from './asked-twice.js';
import { madeOnce } from './made-once.js';
import { serverApi } from './server-api.js';
import { isGuess, refusedAddress, resolveEndpoints, type Endpoints } from './site/endpoints.js';
import type { FoundServer } from './site/server.js';
import { loadSiteConfig } from './site/load-site-config.js';

/** Asks where the server is. @throws {ApiError} Trying again may help. */
export async function findServer(): Promise<FoundServer> {
  const config = await loadSiteConfig();
  const endpoints = resolveEndpoints(config, window.location);
  const refused = refusedAddress(endpoints, window.location);
  if (refused) return { refused };
  return {
    server: {
      ...accountServer(endpoints, isGuess(config, window.location)),
      demo: config.demo ?? undefined,
      endpoints,
    },
  };
}

/** @param isGuessed - No answer may mean that nothing is there: it is said then what to set. */
function accountServer({ apiUrl }: Endpoints, isGuessed: boolean): AccountServer {
  const api = serverApi(apiUrl);
  const register = registering(api);
  const named = (error: unknown) => {
    const isSilent = isGuessed && error instanceof ApiError && error.code === 'NETWORK';
    throw isSilent ? new ApiError(0, 'ADDRESS_GUESSED', true, undefined, { cause: error }) : error;
  };
  return {
    login: (userName, password) => api.login(userName, password).catch(named),
    register: (userName, password) => register(userName, password).catch(named),
    invitation: (invite) => api.invitation(invite).catch(named),
    join: ({ token }, by) =>
      serverApi(apiUrl, () => token)
        .joinRoom(by)
        .catch(named),
    enter: (invite, name) =>
      madeOnce('guest', [invite, name], (key) => api.enterAsGuest(invite, name, key)).catch(named),
    rename: ({ token }, name) => askedTwice(() => serverApi(apiUrl, () => token).renameGuest(name)),
    logout: ({ token }) => serverApi(apiUrl, () => token).logout(),
  };
}
