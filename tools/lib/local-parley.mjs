import { hostInUrl, isAnyAddress } from './addresses.mjs';
import { readPorts } from './ports.mjs';

/**
 * Where the Parley of this machine is, by the same variables that `npm start` obeys.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ api: string, ws: string, tcpHost: string, tcpPort: number | undefined }} `tcpPort` is undefined when it is off.
 * @throws {UserError} for what is not a port.
 */
export function localParley(env) {
  const { PARLEY_API_PORT: api, PARLEY_WS_PORT: ws, PARLEY_TCP_PORT: tcpPort } = readPorts(env);
  const host = !env.PARLEY_HOST || isAnyAddress(env.PARLEY_HOST) ? '127.0.0.1' : env.PARLEY_HOST;
  const named = hostInUrl(host);
  return {
    api: `http://${named}:${api}`,
    ws: `ws://${named}:${ws}${env.PARLEY_WS_PATH || '/ws'}`,
    tcpHost: host,
    tcpPort,
  };
}

/**
 * What to say when nobody answers at an address.
 * @param {string} address
 * @param {string} option the option and the variable that move it.
 */
export const nothingRuns = (address, option) =>
  `Nothing answers at ${address}. Is Parley running (npm start)? Elsewhere: ${option}`;
