/**
 * Runs a TypeScript tool that may import the workspace's libs:
 *
 *     node tools/run.mjs tools/tcp-chat.ts --user demo2
 *
 * The bundle is loaded into this very process: terminal, signals and exit code are the tool's own.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const root = path.resolve(import.meta.dirname, '..');
const [entryArgument, ...args] = process.argv.slice(2);
if (!entryArgument) {
  console.error('usage: node tools/run.mjs <entry.ts> [arguments]');
  process.exit(1);
}
const entry = path.resolve(entryArgument);
// Below node_modules, so that the npm packages it imports are found from there.
const dir = path.join(
  root,
  'node_modules/.cache/parley/tools',
  createHash('sha256').update(entry).digest('hex').slice(0, 12),
);
// Unique per process: two runs of one tool must not write into each other's file while it is being read.
const fileName = `${path.basename(entry, '.ts')}.${process.pid}.mjs`;

const bundle = await rolldown({
  input: entry,
  platform: 'node',
  tsconfig: path.join(root, 'tools/tsconfig.json'),
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  external: (id) => !(/^[.\0]|^@parley\/|^@oxc-project\/runtime/.test(id) || path.isAbsolute(id)),
  onLog: (level, log, report) => report(log.code === 'UNRESOLVED_IMPORT' ? 'error' : level, log),
});
await bundle.write({
  dir,
  format: 'esm',
  sourcemap: 'inline',
  entryFileNames: fileName,
  codeSplitting: false,
});
await bundle.close();

process.env.PARLEY_ROOT ??= root;
process.argv = [process.argv[0] ?? process.execPath, entry, ...args];
process.setSourceMapsEnabled(true);
const loading = import(pathToFileURL(path.join(dir, fileName)).href);
// Read completely before the first line of it runs; the maps are inline.
process.on('exit', () => rmSync(path.join(dir, fileName), { force: true }));
await loading;
