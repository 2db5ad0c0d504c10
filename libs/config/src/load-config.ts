import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';

import { type AppName, appNames, type Environment } from './app-name.js';
import { ConfigError } from './config-error.js';
import { findRoot, readConfigFiles } from './config-files.js';
import { getPath, mergeTrees, type Tree, withPath } from './config-tree.js';
import { deepFreeze } from './deep-freeze.js';
import { envTable, variableNames } from './env-table.js';
import { didYouMean } from './nearest.mjs';
import { readEnvironment, unknownVariables } from './read-environment.js';
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

/** Settings that name a file. */
const filePaths = ['tls.certFile', 'tls.keyFile', 'redis.caFile', 'database.caFile'];

/** Values that depend on others: the instance's name and the places of its data. */
function derive(app: AppName, mode: Environment, root: string, tree: Tree): Tree {
  let out = mergeTrees({ instanceId: newInstanceId(app), supervised: false }, tree);
  out = mergeTrees(out, { app, env: mode, root });
  for (const path of filePaths) {
    const file = getPath(out, path);
    if (typeof file === 'string' && file !== '') out = withPath(out, path, resolve(root, file));
  }
  if (app !== 'logic') return out;
  const dataDir = getPath(out, 'dataDir') ?? '.data';
  if (typeof dataDir !== 'string') return out;
  out = withPath(out, 'dataDir', resolve(root, dataDir));
  const url = getPath(out, 'database.url') ?? `sqlite:${join(resolve(root, dataDir), 'parley.sqlite3')}`;
  const file = typeof url === 'string' ? /^sqlite:(?!:memory:)(.+)$/.exec(url)?.[1] : undefined;
  return withPath(out, 'database.url', file && !isAbsolute(file) ? `sqlite:${resolve(root, file)}` : url);
}

function describeIssue(
  app: AppName,
  issue: z.core.$ZodIssue,
  set: ReadonlyMap<string, string>,
  schema: z.ZodType,
): string[] {
  const path = issue.path.filter((part) => typeof part === 'string').join('.');
  if (issue.code === 'unrecognized_keys') {
    const siblings = keysAt(schema, issue.path);
    return issue.keys.map(
      (key) => `${path ? `${path}.` : ''}${key} is not a known setting${didYouMean(key, siblings)}`,
    );
  }
  const owner = envTable.find((variable) => variable.paths[app] === path)?.name;
  const name = set.get(path) ?? (owner ? `${path} (${owner})` : path);
  // A whole section that is missing; zod names types here, never values.
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return [`${name} ${missing ? 'is required' : issue.message}`];
}

/** Names of the settings at a path, for whoever mistyped one. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const { properties } = path.reduce<JsonSchema>(
    (at, key) => at.properties?.[String(key)] ?? {},
    z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema,
  );
  return Object.keys(properties ?? {});
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/**
 * Reads, checks and freezes the config of one process: `config/default.yaml`, `config/<env>.yaml`, then `PARLEY_*`
 * and the files that `PARLEY_…_FILE` name.
 * Call it once, at the start of `main.ts`.
 *
 * @throws {ConfigError} listing every problem by name, never by value. The process must not start.
 * @see config/default.yaml for meanings and units, `describeConfig()` for the variables
 */
export function loadConfig<S extends AppName>(app: S, options: LoadConfigOptions = {}): AppConfig<S> {
  const env = options.env ?? process.env;
  const problems = unknownVariables(env).map(
    (name) => `${name} is not a known variable${didYouMean(name, variableNames)}`,
  );

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

  const environment = readEnvironment(app, env, resolve(root));
  problems.push(...environment.fileProblems.values());
  const files = readConfigFiles(resolve(root), mode, app, problems);
  const schema = schemas[app](mode);
  const result = schema.safeParse(derive(app, mode, resolve(root), mergeTrees(files, environment.values)));
  if (!result.success) {
    problems.push(
      ...result.error.issues
        // That the value is missing is the file's doing, which is said.
        .filter((issue) => !environment.fileProblems.has(issue.path.join('.')))
        .flatMap((issue) => describeIssue(app, issue, environment.nameByPath, schema)),
    );
  }
  if (!result.success || problems.length > 0) throw new ConfigError(app, [...new Set(problems)]);
  // The schema that was picked by `app` made this value; TypeScript cannot follow the indexed call.
  return deepFreeze(result.data) as unknown as AppConfig<S>;
}

/**
 * What a process that would have to be configured otherwise exits with: whoever runs it must not start it again.
 *
 * @see sysexits.h, EX_CONFIG
 */
export const CONFIG_EXIT_CODE = 78;

/**
 * Every problem that any process would report, each once, for whoever starts them all.
 *
 * @param apps - Those that will run.
 */
export function configProblems(
  apps: readonly AppName[] = appNames,
  options: LoadConfigOptions = {},
): string[] {
  const problems = apps.flatMap((app) => {
    try {
      loadConfig(app, options);
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
  });
  return [...new Set(problems)];
}

/**
 * {@link loadConfig} for `main.ts`: on a problem it prints the list, without a stack, and exits with
 * {@link CONFIG_EXIT_CODE}.
 */
export function loadConfigOrExit<S extends AppName>(app: S): AppConfig<S> {
  try {
    return loadConfig(app);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // There is no logger yet: its level is part of what could not be read.
    process.stderr.write(`${error.message}\n`);
    process.exit(CONFIG_EXIT_CODE);
  }
}
