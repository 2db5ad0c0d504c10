import { hostInUrl, isAnyAddress } from './addresses.mjs';
import { readPorts } from './ports.mjs';

/**
 * Where the Parley of this machine is, by the same variables that `npm start` obeys.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ api: string, ws: string, tcpHost: string, tcpPort: number | undefined, tls: boolean }} `tcpPort` is undefined when it is off;
 *   `tls` holds for all of them.
 * @throws {UserError} for what is not a port.
 */
export function localParley(env) {
  const { PARLEY_API_PORT: api, PARLEY_WS_PORT: ws, PARLEY_TCP_PORT: tcpPort } = readPorts(env);
  const host = !env.PARLEY_HOST || isAnyAddress(env.PARLEY_HOST) ? '127.0.0.1' : env.PARLEY_HOST;
  const named = hostInUrl(host);
  const tls = speaksTls(env);
  const s = tls ? 's' : '';
  return {
    api: `http${s}://${named}:${api}`,
    ws: `ws${s}://${named}:${ws}${env.PARLEY_WS_PATH || '/ws'}`,
    tcpHost: host,
    tcpPort,
    tls,
  };
}

/** @param {NodeJS.ProcessEnv} env @returns {boolean} whether the apps that people connect to have a certificate. */
export const speaksTls = (env) => Boolean(env.PARLEY_TLS_CERT_FILE);

/**
 * What to say when nobody answers at an address.
 * @param {string} address
 * @param {string} option the option and the variable that move it.
 */
export const nothingRuns = (address, option) =>
  `Nothing answers at ${address}. Is Parley running (npm start)? Elsewhere: ${option}`;
