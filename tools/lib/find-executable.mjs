import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** Homebrew's folders: missing from PATH in shells that were started by a desktop. */
const macFolders = ['/opt/homebrew/bin', '/usr/local/bin'];

/**
 * @param {string} name
 * @param {{ env?: NodeJS.ProcessEnv, platform?: NodeJS.Platform }} [options]
 * @returns {string | undefined} absolute path of the first executable of this name on PATH.
 */
export function findExecutable(name, { env = process.env, platform = process.platform } = {}) {
  const folders = (env.PATH ?? '').split(path.delimiter).filter(Boolean);
  if (platform === 'darwin') folders.push(...macFolders);
  return folders.map((folder) => path.resolve(folder, name)).find(isExecutable);
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
