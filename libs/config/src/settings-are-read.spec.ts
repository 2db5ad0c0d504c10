import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { appNames } from './app-name.js';
import { findRoot } from './config-files.js';
import { envTable } from './env-table.js';

const root = findRoot(import.meta.dirname) ?? '';
/** Libs that are given an app's config, or a part of it; and the one file here that uses values, not names. */
const libs = ['service-host', 'observability', 'redis', 'registry', 'rpc', 'queue'];
const sourcesOf = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !/\.(\w+-)?(spec|fixture)\.tsx?$/.test(file))
    .map((file) => readFileSync(join(root, folder, file), 'utf8'))
    .join('\n')
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '');
const shared =
  libs.map((lib) => sourcesOf(`libs/${lib}/src`)).join('\n') +
  readFileSync(join(root, 'libs/config/src/load-config.ts'), 'utf8');

/** A name of two words is read where it stands; `tcp.port` by `tcp.port`, `{ port } = config.tcp` or `config.port`. */
function isRead(path: string, source: string): boolean {
  const [leaf = '', parent] = path.split('.').reverse();
  if (parent === undefined || /[A-Z]/.test(leaf)) return new RegExp(`\\b${leaf}\\b`).test(source);
  const ways = [
    `\\b${parent}\\??\\.${leaf}\\b`,
    `\\b${parent}: \\{[^}]*\\b${leaf}\\b`,
    `\\{[^}]*\\b${leaf}\\b[^}]*\\} = [\\w.]*\\b${parent}\\b`,
    `\\bthis\\.config\\.${leaf}\\b`,
  ];
  return ways.some((way) => new RegExp(way).test(source));
}

// Two settings were checked, documented and used by nobody: who set them was not told.
describe.each(appNames)('every variable of %s', (app) => {
  const source = `${sourcesOf(`apps/${app}/src`)}\n${shared}`;
  const paths = envTable.flatMap(({ paths: { [app]: path } }) => path ?? []);
  it.each(paths)('%s is read', (path) => expect(isRead(path, source)).toBe(true));
  it('would be missed', () => expect(isRead('rpc.deadlineMs.never', source)).toBe(false));
});
