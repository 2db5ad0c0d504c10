import { nextFreePort } from './ports.mjs';
import { entryOf } from './build-apps.mjs';
import { appNames, root } from './workspace.mjs';

/** Apps that may run several times on one machine behind the same fixed addresses. */
const replicated = new Set(['logic', 'task-worker', 'connect-gateway']);

/**
 * One specification per process. Further gateways get the next free pair of ports, and the site is told
 * about all of them.
 *
 * @param {object} options
 * @param {number} options.replicas
 * @param {import('./ports.mjs').Ports} options.ports none of them 0.
 * @param {string} options.host
 * @param {NodeJS.ProcessEnv} options.env what every app gets.
 * @returns {Promise<import('./supervisor.mjs').AppSpec[]>}
 */
export async function appSpecs({ replicas, ports, host, env }) {
  const gateways = await gatewayPorts(replicas, ports, host);
  /** @type {Record<string, string>} */
  const common = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)]));
  return appNames.flatMap((app) =>
    Array.from({ length: replicated.has(app) ? replicas : 1 }, (_, i) => ({
      name: i === 0 ? app : `${app}-${i + 1}`,
      entry: entryOf(app),
      cwd: root,
      env: { ...env, ...common, ...ownPorts(app, gateways, i) },
    })),
  );
}

/**
 * @typedef {{ ws: number, tcp: number | undefined }} GatewayPorts
 * @param {number} replicas
 * @param {import('./ports.mjs').Ports} ports
 * @param {string} host
 */
async function gatewayPorts(replicas, ports, host) {
  /** @type {GatewayPorts[]} */
  const gateways = [{ ws: ports.PARLEY_WS_PORT, tcp: ports.PARLEY_TCP_PORT }];
  const promised = new Set(Object.values(ports));
  const hasTcp = ports.PARLEY_TCP_PORT !== undefined;
  let from = Math.max(ports.PARLEY_WS_PORT, ports.PARLEY_TCP_PORT ?? 0) + 1;
  while (gateways.length < replicas) {
    const ws = await nextFreePort(from, host, promised);
    const tcp = hasTcp ? await nextFreePort(ws + 1, host, promised) : undefined;
    gateways.push({ ws, tcp });
    from = (tcp ?? ws) + 1;
  }
  return gateways;
}

/**
 * @param {string} app
 * @param {GatewayPorts[]} gateways
 * @param {number} index of the process among those of its app.
 * @returns {Record<string, string>}
 */
function ownPorts(app, gateways, index) {
  // The site hands the list to browsers, which spread over it.
  if (app === 'web') return { PARLEY_WS_PORT: gateways.map(({ ws }) => ws).join(',') };
  const gateway = gateways[index];
  if (app !== 'connect-gateway' || !gateway) return {};
  return { PARLEY_WS_PORT: String(gateway.ws), PARLEY_TCP_PORT: String(gateway.tcp ?? 'off') };
}
