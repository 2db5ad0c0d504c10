import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readFailedTests } from '../lib/failed-tests.mjs';
import { root } from '../lib/workspace.mjs';

it('ends a suite that never yields, with the name of the test that hangs and of those that failed before', async () => {
  const failedTestsDir = mkdtempSync(path.join(tmpdir(), 'parley-failed-'));
  onTestFinished(() => rmSync(failedTestsDir, { recursive: true }));
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
  const suite = path.join(root, 'tools/src/testing/hanging-suite');

  const child = spawn(
    process.execPath,
    [vitest, 'run', '--config', `${suite}/vitest.config.mts`, '--root', suite],
    {
      env: { ...process.env, PARLEY_FAILED_TESTS: failedTestsDir },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const chunks: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number];

  expect(code).toBe(1);
  expect(chunks.join('')).toContain('spins.hanging.ts > a suite > has a test that never yields');
  const file = 'tools/src/testing/hanging-suite/spins.hanging.ts';
  expect(readFailedTests(failedTestsDir)).toEqual([
    {
      file,
      name: 'a suite > has a test that fails',
      message: expect.stringContaining('another') as string,
      at: `${file}:4`,
    },
    {
      file,
      name: 'a suite > has a test that never yields',
      message: expect.stringContaining('hangs') as string,
    },
  ]);
});
