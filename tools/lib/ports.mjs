import net from 'node:net';
import { isAnyAddress } from './addresses.mjs';
import { UserError } from './workspace.mjs';

/** Every port that an app opens to people, with the variable that moves it. */
export const portSettings = /** @type {const} */ ([
  { app: 'web', what: 'site', variable: 'PARLEY_WEB_PORT', fallback: 8080 },
  { app: 'gateway-api', what: 'HTTP API', variable: 'PARLEY_API_PORT', fallback: 7070 },
  { app: 'connect-gateway', what: 'WebSocket', variable: 'PARLEY_WS_PORT', fallback: 7000 },
  { app: 'connect-gateway', what: 'TCP', variable: 'PARLEY_TCP_PORT', fallback: 7001 },
]);

/** @typedef {'PARLEY_WEB_PORT' | 'PARLEY_API_PORT' | 'PARLEY_WS_PORT' | 'PARLEY_TCP_PORT'} PortVariable */
/** @typedef {Record<Exclude<PortVariable, 'PARLEY_TCP_PORT'>, number> & { PARLEY_TCP_PORT?: number }} Ports TCP may be off. */

const highestPort = 65_535;

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Ports}
 * @throws {UserError} naming every variable that is not a port, and every port asked for twice.
 */
export function readPorts(env) {
  /** @type {string[]} */
  const problems = [];
  const ports = /** @type {Ports} */ ({});
  /** @type {Map<number, string>} */
  const taken = new Map();
  for (const { variable, fallback } of portSettings) {
    const text = env[variable] || String(fallback);
    if (variable === 'PARLEY_TCP_PORT' && text === 'off') continue;
    const port = Number(text);
    if (!/^\d+$/.test(text) || port > highestPort) {
      problems.push(`${variable} must be a port number from 0 to ${highestPort}`);
      continue;
    }
    const other = taken.get(port);
    if (port !== 0 && other) problems.push(`${variable} and ${other} are both ${port}`);
    taken.set(port, variable);
    ports[variable] = port;
  }
  if (problems.length > 0) throw new UserError(problems.join('\n'));
  return ports;
}

/**
 * @param {number} port 0 asks for any.
 * @param {string} host
 * @returns {Promise<string | undefined>} undefined when the port can be opened, else the error code.
 */
export function portProblem(port, host) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (error) =>
      resolve(/** @type {NodeJS.ErrnoException} */ (error).code ?? error.message),
    );
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/**
 * @param {Ports} ports
 * @param {string} host
 * @throws {UserError} naming every app whose port is taken, and how to move it.
 */
export async function refuseTakenPorts(ports, host) {
  /** @type {string[]} */
  const problems = [];
  for (const { app, what, variable } of portSettings) {
    const port = ports[variable];
    if (port === undefined) continue;
    const problem = (await portProblem(port, host)) ?? (await localProblem(port, host));
    if (problem === undefined) continue;
    const reason =
      problem === 'EADDRINUSE' ? 'is taken by another program' : `cannot be opened on ${host} (${problem})`;
    problems.push(
      `Port ${port} (${app}, ${what}) ${reason}.\n` +
        `  Stop that program, or choose another port: ${variable}=${port + 10_000 > highestPort ? 0 : port + 10_000} npm start`,
    );
  }
  if (problems.length > 0) throw new UserError(problems.join('\n'));
}

/**
 * Some systems let a second program have all addresses of a port but the one that the first has: people at this machine
 * would talk to that one.
 * @param {number} port
 * @param {string} host
 */
async function localProblem(port, host) {
  return isAnyAddress(host) && port !== 0 ? portProblem(port, '127.0.0.1') : undefined;
}

/**
 * Replaces every 0 by a port that is free now: the site must be told where the others listen before they do.
 * @param {Ports} ports
 * @param {string} host
 * @returns {Promise<Ports>}
 */
export async function resolveAnyPorts(ports, host) {
  const resolved = { ...ports };
  for (const { variable } of portSettings) {
    if (resolved[variable] === 0) resolved[variable] = await anyFreePort(host);
  }
  return resolved;
}

/**
 * @param {number} from first port to try.
 * @param {string} host
 * @param {ReadonlySet<number>} [except] ports promised to others.
 * @returns {Promise<number>} the first port from `from` on that can be opened.
 */
export async function nextFreePort(from, host, except = new Set()) {
  for (let port = from; port <= highestPort; port++) {
    if (!except.has(port) && (await portProblem(port, host)) === undefined) return port;
  }
  throw new UserError(`no free port from ${from} on`);
}

/** @param {string} [host] @returns {Promise<number>} a port that was free a moment ago. */
export function anyFreePort(host = '127.0.0.1') {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen({ port: 0, host }, () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
