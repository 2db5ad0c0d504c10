import { resolve } from 'node:path';

import { type AppName, appNames, type Environment } from './app-name.js';
import { findRoot, readConfigFiles } from './config-files.js';
import { getPath } from './config-tree.js';
import { type EnvKind, envTable } from './env-table.js';

/** One row of the configuration reference. */
export interface ConfigDescription {
  readonly name: string;
  readonly kind: EnvKind;
  readonly apps: readonly AppName[];
  /** Where the value is in each app's config; usually the same everywhere. */
  readonly paths: readonly string[];
  readonly description: string;
  readonly sensitive: boolean;
  /** Value in the files; empty when there is none, or when the variable is sensitive. */
  readonly defaults: Readonly<Record<Environment, string>>;
}

/**
 * Every variable with its meaning and its defaults, for the documentation.
 *
 * @param root - Folder that holds `config/`. @defaultValue found from the working directory upwards
 */
export function describeConfig(root: string = findRoot(process.cwd()) ?? '.'): readonly ConfigDescription[] {
  const defaultOf = (mode: Environment, app: AppName | undefined, path: string | undefined): string => {
    if (app === undefined || path === undefined) return '';
    const value = getPath(readConfigFiles(resolve(root), mode, app, []), path);
    if (value === undefined) return '';
    return Array.isArray(value) ? value.join(',') : String(value);
  };
  return envTable.map(({ name, kind, paths, description, sensitive }) => {
    const apps = appNames.filter((app) => paths[app] !== undefined);
    const [first] = apps;
    const path = first && paths[first];
    const show = (mode: Environment) => (sensitive ? '' : defaultOf(mode, first, path));
    return {
      name,
      kind,
      apps,
      paths: [...new Set(Object.values(paths))],
      description,
      sensitive,
      defaults: { dev: show('dev'), prod: show('prod') },
    };
  });
}
