import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { root } from '../lib/workspace.mjs';

/** What the check says of a project with these files: name and import of each. */
function circlesOf(files: Readonly<Record<string, string>>): string[] {
  const workspace = mkdtempSync(path.join(tmpdir(), 'parley-circles-'));
  onTestFinished(() => rmSync(workspace, { recursive: true }));
  writeFileSync(path.join(workspace, 'tsconfig.base.json'), '{}');
  for (const [name, imports] of Object.entries(files)) {
    const file = path.join(workspace, 'libs/some/src', name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, imports);
  }
  const cruise = path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const config = path.join(root, 'tools/circles.config.mjs');
  const { stdout } = spawnSync(process.execPath, [cruise, '--config', config, '-T', 'json', 'libs'], {
    cwd: workspace,
    encoding: 'utf8',
  });
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: { from: string; rule: { name: string } }[] };
  };
  return [...new Set(summary.violations.map(({ rule }) => rule.name))];
}

const types = (file: string) => `export type * from '${file}';\n`;

it('files that lead back to themselves are found, also by types alone', () => {
  expect(circlesOf({ 'a.ts': types('./b.js'), 'b.ts': types('./c.js'), 'c.ts': types('./a.js') })).toEqual([
    'files-in-a-circle',
  ]);
});

it('folders that lead back to themselves are found, though no file does', () => {
  expect(
    circlesOf({
      'one/a.ts': types('../two/b.js'),
      'two/b.ts': 'export type B = 1;\n',
      'two/c.ts': types('../one/d.js'),
      'one/d.ts': 'export type D = 1;\n',
    }),
  ).toEqual(['folders-in-a-circle']);
});

it('what puts folders together, what they all use, and tests are in no circle', () => {
  expect(
    circlesOf({
      'main.ts': types('./one/a.js'),
      'one/a.ts': types('../options.js'),
      'options.ts': 'export type Options = 1;\n',
      'two/b.ts': types('../one/a.js'),
      'one/a.spec.ts': types('../two/b.js'),
    }),
  ).toEqual([]);
});
