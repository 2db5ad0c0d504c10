import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** Native, or loaded by a name that is known at run time only: found where they are installed, as ever. */
const unpackable = /^(node:|sqlite3|argon2|typeorm|pg|pino|pino-pretty)(\/|$)/;

const packed = new Map<string, Promise<string>>();

/**
 * A built app with its npm packages in one file.
 *
 * Most of the time of a suite that kills processes is the start of their successors, and most of that is Node.js finding and
 * reading a thousand small files; with one it takes less than half. The code is that of the build; suites that
 * seldom start a process run the build as it is.
 *
 * @param root - The workspace.
 * @param main - The built `main.js`.
 * @returns The file to run; made once for each build, and kept below `node_modules`.
 */
export function packedApp(root: string, app: string, main: string): Promise<string> {
  let file = packed.get(main);
  if (!file) packed.set(main, (file = pack(root, app, main)));
  return file;
}

async function pack(root: string, app: string, main: string): Promise<string> {
  const hash = createHash('sha256');
  for (const source of [main, join(root, 'package-lock.json')]) hash.update(readFileSync(source));
  hash.update(String(unpackable));
  // Below node_modules, so that what stays outside is found from there.
  const dir = join(root, 'node_modules/.cache/parley/e2e');
  const name = `${app}-${hash.digest('hex').slice(0, 16)}`;
  const file = join(dir, `${name}.mjs`);
  if (existsSync(file)) return file;
  mkdirSync(dir, { recursive: true });
  const bundle = await rolldown({
    input: main,
    platform: 'node',
    external: (id) => unpackable.test(id),
    // Frameworks ask for adapters that nobody has installed; at run time they do not find them either.
    onLog: () => undefined,
  });
  // Whoever else packs it at this moment writes the same.
  const own = `${name}.${process.pid}.mjs`;
  await bundle.write({ dir, format: 'esm', entryFileNames: own, codeSplitting: false });
  await bundle.close();
  renameSync(join(dir, own), file);
  return file;
}
