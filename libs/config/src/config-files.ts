import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseDocument } from 'yaml';

import { type AppName, appNames, type Environment } from './app-name.js';
import { isTree, mergeTrees, type Tree } from './config-tree.js';
import { didYouMean } from './nearest.mjs';

/** Finds the folder that holds `nx.json` or `config/default.yaml`, from `start` upwards; undefined when none does. */
export function findRoot(start: string): string | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'nx.json')) || existsSync(join(folder, 'config', 'default.yaml')))
      return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

const topLevelKeys: readonly string[] = ['common', 'jwt', ...appNames];
const appsWithTokens: readonly AppName[] = ['gateway-api', 'logic', 'connect-gateway'];

function readYaml(root: string, file: string, problems: string[]): Tree {
  const path = join(root, 'config', file);
  const name = relative(root, path);
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch {
    problems.push(`${name} cannot be read`);
    return {};
  }
  // The parser's own messages quote the line they complain about, which may hold a secret: keep the place only.
  const document = parseDocument(source, { prettyErrors: true, logLevel: 'silent' });
  for (const error of document.errors) {
    problems.push(`${name} is not valid YAML (line ${error.linePos?.[0].line ?? '?'})`);
  }
  if (document.errors.length > 0) return {};
  const tree: unknown = document.toJS() ?? {};
  if (!isTree(tree)) {
    problems.push(`${name} must be a mapping`);
    return {};
  }
  for (const key of Object.keys(tree)) {
    if (topLevelKeys.includes(key)) continue;
    problems.push(`${key} in ${name} is not a known section${didYouMean(key, topLevelKeys)}`);
  }
  return tree;
}

/** Reads both files and returns the part meant for `app`. Problems are added to `problems`. */
export function readConfigFiles(root: string, mode: Environment, app: AppName, problems: string[]): Tree {
  const all = mergeTrees(readYaml(root, 'default.yaml', problems), readYaml(root, `${mode}.yaml`, problems));
  const section = (key: string): Tree => (isTree(all[key]) ? all[key] : {});
  const shared = appsWithTokens.includes(app)
    ? { ...section('common'), jwt: section('jwt') }
    : section('common');
  return mergeTrees(shared, section(app));
}
