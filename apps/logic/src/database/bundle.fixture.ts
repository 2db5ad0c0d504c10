import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { onTestFinished } from 'vitest';

/** Below node_modules, so that packages resolve. */
const cache = fileURLToPath(new URL('../../../../node_modules/.cache/parley-tests', import.meta.url));

/**
 * Makes one file of a module and of what it imports of ours, for processes that are to start fast.
 *
 * @returns Its path; it is removed when the test ends.
 */
export async function bundle(module: URL): Promise<string> {
  mkdirSync(cache, { recursive: true });
  const dir = mkdtempSync(join(cache, 'bundle-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'main.mjs');
  await build({
    input: fileURLToPath(module),
    output: { file, format: 'esm' },
    external: (id) =>
      !id.startsWith('.') &&
      !id.startsWith('/') &&
      !id.startsWith('@parley/') &&
      !id.startsWith('@oxc-project/'),
    tsconfig: fileURLToPath(new URL('../../tsconfig.json', import.meta.url)),
    platform: 'node',
    logLevel: 'silent',
  });
  return file;
}
