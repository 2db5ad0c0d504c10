import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { z } from 'zod';

import type { AppName, Environment } from './app-name.js';
import { ConfigError } from './config-error.js';
import { findRoot, readConfigFiles } from './config-files.js';
import { getPath, mergeTrees, type Tree, withPath } from './config-tree.js';
import { deepFreeze } from './deep-freeze.js';
import { envTable } from './env-table.js';
import { readEnvironment } from './read-environment.js';
import { type AppConfig, schemas } from './schemas.js';

/** Where the config comes from; both are for tests and tools. */
export interface LoadConfigOptions {
  /** @defaultValue `process.env` */
  readonly env?: NodeJS.ProcessEnv;
  /** Folder that holds `config/`. @defaultValue `PARLEY_ROOT`, else found from the working directory upwards. */
  readonly root?: string;
}

const newInstanceId = (app: AppName) =>
  `${app}-${hostname()
    .replace(/[^A-Za-z0-9.-]/g, '-')
    .slice(0, 64)}-${process.pid}-${randomBytes(3).toString('hex')}`;

/** Values that depend on others: the instance's name and the places of its data. */
function derive(app: AppName, mode: Environment, root: string, tree: Tree): Tree {
  let out = mergeTrees({ instanceId: newInstanceId(app), supervised: false }, tree);
  out = mergeTrees(out, { app, env: mode, root });
  if (app !== 'logic') return out;
  const dataDir = getPath(out, 'dataDir') ?? '.data';
  if (typeof dataDir !== 'string') return out;
  out = withPath(out, 'dataDir', resolve(root, dataDir));
  const url = getPath(out, 'database.url') ?? `sqlite:${join(resolve(root, dataDir), 'parley.sqlite3')}`;
  const file = typeof url === 'string' ? /^sqlite:(?!:memory:)(.+)$/.exec(url)?.[1] : undefined;
  return withPath(out, 'database.url', file && !isAbsolute(file) ? `sqlite:${resolve(root, file)}` : url);
}

function describeIssue(app: AppName, issue: z.core.$ZodIssue, set: ReadonlyMap<string, string>): string[] {
  const path = issue.path.filter((part) => typeof part === 'string').join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${path ? `${path}.` : ''}${key} is not a known setting`);
  }
  const owner = envTable.find((variable) => variable.paths[app] === path)?.name;
  const name = set.get(path) ?? (owner ? `${path} (${owner})` : path);
  // A whole section that is missing; zod names types here, never values.
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return [`${name} ${missing ? 'is required' : issue.message}`];
}

/**
 * Reads, checks and freezes the config of one process: `config/default.yaml`, `config/<env>.yaml`, then `PARLEY_*`.
 * Call it once, at the start of `main.ts`.
 *
 * @throws {ConfigError} listing every problem by name, never by value. The process must not start.
 * @see config/default.yaml for meanings and units, `describeConfig()` for the variables
 */
export function loadConfig<S extends AppName>(app: S, options: LoadConfigOptions = {}): AppConfig<S> {
  const env = options.env ?? process.env;
  const environment = readEnvironment(app, env);
  const problems = environment.unknownNames.map((name) => `${name} is not a known variable`);

  const mode = env['PARLEY_ENV'] || 'dev';
  if (mode !== 'dev' && mode !== 'prod')
    throw new ConfigError(app, ['PARLEY_ENV must be dev or prod', ...problems]);
  const root = options.root ?? (env['PARLEY_ROOT'] || findRoot(process.cwd()));
  if (root === undefined) {
    throw new ConfigError(app, [
      'config/default.yaml was not found: set PARLEY_ROOT to the folder above it',
      ...problems,
    ]);
  }

  const files = readConfigFiles(resolve(root), mode, app, problems);
  const result = schemas[app](mode).safeParse(
    derive(app, mode, resolve(root), mergeTrees(files, environment.values)),
  );
  if (!result.success) {
    problems.push(
      ...result.error.issues.flatMap((issue) => describeIssue(app, issue, environment.nameByPath)),
    );
  }
  if (!result.success || problems.length > 0) throw new ConfigError(app, [...new Set(problems)]);
  // The schema that was picked by `app` made this value; TypeScript cannot follow the indexed call.
  return deepFreeze(result.data) as unknown as AppConfig<S>;
}

/** {@link loadConfig} for `main.ts`: on a problem it prints the list, without a stack, and exits with 1. */
export function loadConfigOrExit<S extends AppName>(app: S): AppConfig<S> {
  try {
    return loadConfig(app);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // There is no logger yet: its level is part of what could not be read.
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
