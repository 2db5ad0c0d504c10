import type { AppName } from './app-name.js';
import { type Tree, withPath } from './config-tree.js';
import { type EnvKind, envTable } from './env-table.js';

const flags: Readonly<Record<string, boolean>> = {
  '1': true,
  true: true,
  yes: true,
  '0': false,
  false: false,
  no: false,
};
const items = (value: string) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
const integer = (value: string) => (/^-?\d{1,15}$/.test(value) ? Number(value) : value);

function parse(kind: EnvKind, value: string): unknown {
  switch (kind) {
    case 'text':
      return value;
    case 'integer':
      return integer(value);
    case 'flag':
      return flags[value.toLowerCase()] ?? value;
    case 'list':
      return items(value);
    case 'integers':
      return items(value).map(integer);
  }
}

/**
 * Whether Kubernetes put a variable there: every pod is given some for each service of its namespace, and those of services
 * called `parley` or `parley-…` look like ours. `PARLEY_WEB_PORT` even is ours, but for its value.
 *
 * @see https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
export function isServiceLink(name: string, value: string | undefined): boolean {
  return (
    /_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name) ||
    (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value ?? ''))
  );
}

/** What the environment says about one app. */
export interface EnvironmentValues {
  /** The values, at their config paths. */
  readonly values: Tree;
  /** Config path → variable, for those that are set: lets a problem be reported under the name its owner knows. */
  readonly nameByPath: ReadonlyMap<string, string>;
  /** `PARLEY_` names nobody reads. */
  readonly unknownNames: readonly string[];
}

/** Picks this app's values out of `env`. An empty variable counts as not set, as compose files produce those. */
export function readEnvironment(app: AppName, env: NodeJS.ProcessEnv): EnvironmentValues {
  let values: Tree = {};
  const nameByPath = new Map<string, string>();
  for (const variable of envTable) {
    const path = variable.paths[app];
    const value = env[variable.name];
    if (path === undefined || value === undefined || value === '' || isServiceLink(variable.name, value))
      continue;
    values = withPath(values, path, parse(variable.kinds?.[app] ?? variable.kind, value));
    nameByPath.set(path, variable.name);
  }
  const known = new Set(envTable.map(({ name }) => name));
  const unknownNames = Object.keys(env).filter(
    (name) => name.startsWith('PARLEY_') && !known.has(name) && !isServiceLink(name, env[name]),
  );
  return { values, nameByPath, unknownNames };
}
