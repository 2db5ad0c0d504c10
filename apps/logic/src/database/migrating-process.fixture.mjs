/** Opens and migrates the database whose URL is the argument, then ends. Test use only. */
import 'reflect-metadata';
import { build } from 'rolldown';
import { rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const input = fileURLToPath(new URL('./open-database.ts', import.meta.url));
// Below node_modules, so that packages resolve.
const cache = new URL('../../../../node_modules/.cache/parley-tests/', import.meta.url);
const file = fileURLToPath(new URL(`open-database-${process.pid}.mjs`, cache));
process.on('exit', () => rmSync(file, { force: true }));
await build({
  input,
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
const { openDatabase } = await import(pathToFileURL(file).href);
const dataSource = await openDatabase(process.argv[2]);
await dataSource.destroy();
