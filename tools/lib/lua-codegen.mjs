import { UserError } from './workspace.mjs';

/** @typedef {{ file: string, text: string }} LuaFile */

const nameFormat = /^([a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)+)-(\d+)\.lua$/;

/**
 * @param {LuaFile[]} files
 * @returns {string} the TypeScript module with every script, its name and its number of keys.
 * @throws {UserError} for a file name without key count, a script without header, a name used twice, no scripts.
 */
export function renderScripts(files) {
  if (files.length === 0) throw new UserError('there are no .lua scripts');
  const names = new Set();
  const entries = files.map(({ file, text }) => {
    const match = nameFormat.exec(file);
    if (!match) throw new UserError(`${file}: the name must look like verb-noun-<number of keys>.lua`);
    const name = (match[1] ?? '').replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());
    if (names.has(name)) throw new UserError(`${file}: there are two scripts called ${name}`);
    names.add(name);
    if (!text.startsWith('--')) {
      throw new UserError(`${file}: begins without its header comment (purpose, KEYS, ARGV, returns)`);
    }
    return [
      `  ${name}: {`,
      `    name: '${name}',`,
      `    numberOfKeys: ${Number(match[2])},`,
      `    lua: ${JSON.stringify(text)},`,
      '  },',
    ].join('\n');
  });
  return [
    '// Generated from src/scripts/*.lua by tools/generate-lua.mjs. Do not edit.',
    '',
    'export const scripts = {',
    entries.join('\n'),
    '} as const;',
    '',
    '/** Name of a script. */',
    'export type ScriptName = keyof typeof scripts;',
    '',
  ].join('\n');
}
