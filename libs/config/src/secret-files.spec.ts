import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

import { type AppName, appNames } from './app-name.js';
import { ConfigError } from './config-error.js';
import { findRoot } from './config-files.js';
import { getPath, type Tree } from './config-tree.js';
import { envTable, fileVariable } from './env-table.js';
import { loadConfig } from './load-config.js';
import { Secret } from './secret.js';

const root = findRoot(import.meta.dirname) ?? '';
const goodSecret = 'Vq3nZr8sKx1tYb6wLd0fHj5mPc2gRu7e';
const folders: string[] = [];

function fileWith(content: string | Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'parley-secret-'));
  folders.push(folder);
  const file = join(folder, 'secret');
  writeFileSync(file, content);
  return file;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const load = (env: NodeJS.ProcessEnv) => loadConfig('logic', { env: { PARLEY_ENV: 'prod', ...env }, root });
const secretIn = (env: NodeJS.ProcessEnv) => load(env).jwt.secret.reveal();

/** @returns What is wrong, one sentence each. */
function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('PARLEY_…_FILE', () => {
  it.each(['', '\n', '\r\n', '\n\n'])('names a file with the value, and %j behind it', (end) =>
    expect(secretIn({ PARLEY_JWT_SECRET_FILE: fileWith(goodSecret + end) })).toBe(goodSecret),
  );

  it('leaves everything else in the file as it is', () => {
    const secret = `  ${goodSecret}\n ${goodSecret} `;
    expect(secretIn({ PARLEY_JWT_SECRET_FILE: fileWith(`${secret}\n`) })).toBe(secret);
  });

  // Kubernetes shows secrets through links.
  it('follows links, and starts at the root', () => {
    const link = `${fileWith(goodSecret)}-link`;
    symlinkSync('secret', link);
    expect(secretIn({ PARLEY_JWT_SECRET_FILE: link })).toBe(goodSecret);
    const config = loadConfig('logic', { env: { PARLEY_JWT_SECRET_FILE: 'LICENSE' }, root });
    expect(config.jwt.secret.reveal()).toContain('MIT License');
  });

  it('counts as not set when it is empty, and lets an empty value be', () => {
    expect(secretIn({ PARLEY_JWT_SECRET_FILE: '', PARLEY_JWT_SECRET: goodSecret })).toBe(goodSecret);
    expect(secretIn({ PARLEY_JWT_SECRET_FILE: fileWith(goodSecret), PARLEY_JWT_SECRET: '' })).toBe(
      goodSecret,
    );
  });

  it('is refused beside the value itself', () => {
    const env = { PARLEY_JWT_SECRET_FILE: fileWith(goodSecret), PARLEY_JWT_SECRET: goodSecret };
    expect(problemsOf(env)).toEqual([
      'PARLEY_JWT_SECRET and PARLEY_JWT_SECRET_FILE are both set: keep one of them',
    ]);
  });

  it.each<[string, () => string]>([
    ['is not there', () => join(tmpdir(), 'parley-no-such-file')],
    ['is not a regular file', () => tmpdir()],
    ['is not a regular file', () => '/dev/zero'],
    ['is empty', () => fileWith('')],
    ['is empty', () => fileWith(' \n')],
    ['is larger than 65536 bytes', () => fileWith('x'.repeat(65_537))],
    ['is not text in UTF-8', () => fileWith(Buffer.from([0xff, 0xfe, 0x80, 0x81]))],
    ['cannot be read (ENOTDIR)', () => join(fileWith('x'), 'below')],
  ])('is refused when the file %s', (problem, file) => {
    expect(problemsOf({ PARLEY_JWT_SECRET_FILE: file() })).toEqual([
      `PARLEY_JWT_SECRET_FILE names a file that ${problem}`,
    ]);
  });

  it('does not wait for a pipe that nobody writes to', () => {
    const pipe = `${fileWith('')}-pipe`;
    execFileSync('mkfifo', [pipe]);
    expect(problemsOf({ PARLEY_JWT_SECRET_FILE: pipe })).toEqual([
      'PARLEY_JWT_SECRET_FILE names a file that is not a regular file',
    ]);
  });

  it('is what a bad value is reported under, and never the value', () => {
    const problems = problemsOf({ PARLEY_JWT_SECRET_FILE: fileWith('hush-HUSH-18') });
    expect(problems).toEqual([expect.stringMatching(/^PARLEY_JWT_SECRET_FILE must be at least 32 bytes/)]);
    expect(problems.join()).not.toContain('hush');
  });

  it('is there for secrets alone, and for apps that have no use for it', () => {
    expect(problemsOf({ PARLEY_JWT_SECRET: goodSecret, PARLEY_HOST_FILE: '/etc/hostname' })).toEqual([
      expect.stringMatching(/^PARLEY_HOST_FILE is not a known variable/),
    ]);
    expect(problemsOf({ PARLEY_JWT_SECRET: goodSecret, PARLEY_JWT_SECRT_FILE: 'x' })).toEqual([
      'PARLEY_JWT_SECRT_FILE is not a known variable, did you mean PARLEY_JWT_SECRET_FILE?',
    ]);
    const env = { PARLEY_ENV: 'prod', PARLEY_JWT_SECRET_FILE: '/not/there' };
    expect(loadConfig('web', { env, root })).toBeDefined();
  });
});

describe.each(appNames)('every setting of %s', (app: AppName) => {
  // Something long enough for a token, that is an address where one is asked for.
  const sample = (path: string) =>
    path.endsWith('redis.url')
      ? 'redis://:p@h:1'
      : path.endsWith('database.url')
        ? 'postgres://u:p@h/d'
        : path.endsWith('trace.url')
          ? 'http://u:p@h/v1/traces'
          : goodSecret;

  it('that is kept as a secret may come from a file, and no other', () => {
    const secrets = envTable.filter((variable) => variable.paths[app] && fileVariable(variable));
    const env = Object.fromEntries(
      secrets.map((variable) => [fileVariable(variable), fileWith(sample(variable.paths[app] ?? ''))]),
    );
    const config = loadConfig(app, { env, root }) as unknown as Tree;
    for (const variable of envTable) {
      const path = variable.paths[app];
      if (path === undefined) continue;
      const found = getPath(config, path);
      const value: unknown = path === 'jwt.otherSecrets' && Array.isArray(found) ? found[0] : found;
      expect(value instanceof Secret, variable.name).toBe(fileVariable(variable) !== undefined);
      if (value instanceof Secret) expect(value.reveal()).toBe(sample(path));
    }
  });
});
