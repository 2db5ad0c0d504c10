import { resolve } from 'node:path';

import type { AppName } from './app-name.js';
import { type Tree, withPath } from './config-tree.js';
import { type EnvKind, envTable, type EnvVariable, fileVariable, variableNames } from './env-table.js';
import { readSecretFile } from './secret-file.js';

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
/** Not at commas: a secret may hold some, and parts of one would be other secrets, which nobody would notice. */
const lines = (value: string) =>
  value
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line.trim() !== '');
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
    case 'lines':
      return lines(value);
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
  /** Config path → what is wrong with the file that should hold its value, a sentence. */
  readonly fileProblems: ReadonlyMap<string, string>;
}

/**
 * Picks this app's values out of `env`, and out of the files that it names. An empty variable counts as not set, as
 * compose files produce those.
 *
 * @param root - Where the paths of files start, unless they are absolute.
 */
export function readEnvironment(app: AppName, env: NodeJS.ProcessEnv, root: string): EnvironmentValues {
  let values: Tree = {};
  const nameByPath = new Map<string, string>();
  const fileProblems = new Map<string, string>();
  for (const variable of envTable) {
    const path = variable.paths[app];
    if (path === undefined) continue;
    const { name, value, problem } = valueOf(variable, env, root);
    if (problem !== undefined) fileProblems.set(path, problem);
    if (value === undefined || value === '') continue;
    values = withPath(values, path, parse(variable.kinds?.[app] ?? variable.kind, value));
    nameByPath.set(path, name);
  }
  return { values, nameByPath, fileProblems };
}

/** A variable's text, the name under which it was given, and what is wrong with the file that was named for it. */
function valueOf(variable: EnvVariable, env: NodeJS.ProcessEnv, root: string) {
  const { name } = variable;
  const value = isServiceLink(name, env[name]) ? undefined : env[name];
  const fromFile = fileVariable(variable);
  const file = fromFile === undefined ? undefined : env[fromFile];
  if (fromFile === undefined || !file) return { name, value };
  // Whichever won, somebody would be surprised.
  if (value) return { name, problem: `${name} and ${fromFile} are both set: keep one of them` };
  const content = readSecretFile(resolve(root, file));
  if ('problem' in content)
    return { name: fromFile, problem: `${fromFile} names a file that ${content.problem}` };
  return { name: fromFile, value: content.text };
}

/** `PARLEY_` names in `env` that nobody reads. */
export function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = new Set(variableNames);
  return Object.keys(env).filter(
    (name) => name.startsWith('PARLEY_') && !known.has(name) && !isServiceLink(name, env[name]),
  );
}
