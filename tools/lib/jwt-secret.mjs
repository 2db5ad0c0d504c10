import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const secretBytes = 48;

/**
 * The signing secret of this folder, made on first use, so that sessions outlive restarts and every
 * app of the folder agrees, however it was started.
 *
 * @param {string} dataDir
 * @returns {string}
 */
export function jwtSecret(dataDir) {
  const file = path.join(dataDir, 'jwt-secret');
  const existing = read(file);
  if (existing) return existing;
  mkdirSync(dataDir, { recursive: true });
  const draft = `${file}.${process.pid}`;
  rmSync(draft, { force: true });
  writeFileSync(draft, `${randomBytes(secretBytes).toString('base64url')}\n`, { mode: 0o600 });
  try {
    // link() fails when the file exists: of two processes that come here together, one wins and both read its secret.
    linkSync(draft, file);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const secret = read(file);
  if (!secret) throw new Error(`${file} is empty: remove it and start again`);
  return secret;
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
