import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The workspace. */
export const root = process.env['PARLEY_ROOT'] ?? join(import.meta.dirname, '../../..');
/** People read the docs on slow lines, too. Bytes. */
const MAX_PICTURE_BYTES = 200_000;

/** Writes a picture, if it is another one. @throws {Error} for one that is too large. */
export function keep(file: string, picture: Buffer): void {
  if (picture.length > MAX_PICTURE_BYTES)
    throw new Error(`${file} has ${picture.length} bytes; ${MAX_PICTURE_BYTES} at most`);
  const target = join(root, 'docs/images', file);
  const isSame = readOrEmpty(target).equals(picture);
  if (!isSame) writeFileSync(target, picture);
  console.log(`docs/images/${file}  ${Math.round(picture.length / 1_000)} kB${isSame ? ', as it was' : ''}`);
}

function readOrEmpty(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}
