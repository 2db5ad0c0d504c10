/**
 * Turns libs/redis/src/scripts/*.lua into libs/redis/src/generated/scripts.ts.
 *
 * A script's file name is its interface: `verb-noun-<number of keys>.lua`. With `--check` nothing is
 * written, and a stale file is an error.
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderScripts } from './lib/lua-codegen.mjs';
import { main } from './lib/main.mjs';
import { UserError, root } from './lib/workspace.mjs';

const sourceDir = path.join(root, 'libs/redis/src/scripts');
const target = path.join(root, 'libs/redis/src/generated/scripts.ts');

await main(async (args) => {
  const unknown = args.find((arg) => arg !== '--check');
  if (unknown)
    throw new UserError(`unknown argument ${unknown}\nusage: node tools/generate-lua.mjs [--check]`);
  const wanted = renderScripts(readScripts());
  const shown = path.relative(root, target);
  if (args.includes('--check')) {
    if (read(target) !== wanted) throw new UserError(`${shown} is stale: npm run codegen`);
    console.log(`${shown} is up to date`);
    return;
  }
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, wanted);
  console.log(`${shown} written`);
});

/** @returns {import('./lib/lua-codegen.mjs').LuaFile[]} */
function readScripts() {
  try {
    return readdirSync(sourceDir)
      .filter((file) => file.endsWith('.lua'))
      .sort()
      .map((file) => ({ file, text: readFileSync(path.join(sourceDir, file), 'utf8') }));
  } catch (error) {
    throw new UserError(
      `cannot read ${path.relative(root, sourceDir)}: ${/** @type {Error} */ (error).message}`,
    );
  }
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
