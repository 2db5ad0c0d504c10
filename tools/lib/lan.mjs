import { isAnyAddress, isLoopback } from './addresses.mjs';
import { portProblem } from './ports.mjs';
import { UserError } from './workspace.mjs';

/**
 * What `--lan` changes for every app: where they listen, and whose pages may call.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ PARLEY_HOST: string, PARLEY_ORIGINS: string }>}
 * @throws {UserError} when a variable says the opposite.
 */
export async function lanSettings(env) {
  const { PARLEY_HOST: host, PARLEY_ORIGINS: origins } = env;
  const problems = [];
  if (host && isLoopback(host)) {
    problems.push(`PARLEY_HOST=${host} can be reached from this machine alone: leave it out.`);
  }
  for (const name of ['PARLEY_PUBLIC_API_URL', 'PARLEY_PUBLIC_WS_URLS']) {
    const urls = (env[name] ?? '').split(',').filter((url) => URL.canParse(url.trim()));
    if (urls.some((url) => isLoopback(new URL(url.trim()).hostname))) {
      problems.push(
        `${name} sends every browser to its own machine: leave it out, or use this one's address.`,
      );
    }
  }
  if (problems.length > 0) throw new UserError(['--lan cannot work:', ...problems].join('\n  '));
  return {
    PARLEY_HOST: host || (await everyAddress()),
    PARLEY_ORIGINS: ['lan', ...(origins ? [origins] : [])].join(','),
  };
}

/** `::` takes IPv4, too, where there is IPv6 at all. */
async function everyAddress() {
  return (await portProblem(0, '::')) === undefined ? '::' : '0.0.0.0';
}

/**
 * What follows from where the apps listen.
 * @param {string} host
 * @returns {'here' | 'everywhere' | 'there'} only on this machine, on all of its addresses, or on one.
 */
export function reachOf(host) {
  if (isAnyAddress(host)) return 'everywhere';
  return isLoopback(host) ? 'here' : 'there';
}
