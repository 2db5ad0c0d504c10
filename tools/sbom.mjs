/**
 * A software bill of materials for each app, CycloneDX 1.5: what its image has beside Node.js. An image has its own in it, as
 * `/parley/sbom.cdx.json`.
 *
 *     npx nx run-many -t build && npm run sbom -- <folder>
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { main } from './lib/main.mjs';
import { sbomOf } from './lib/sbom.mjs';
import { appNames, UserError } from './lib/workspace.mjs';

await main(async ([folder, ...more]) => {
  if (folder === undefined || more.length > 0) throw new UserError('usage: npm run sbom -- <folder>');
  mkdirSync(folder, { recursive: true });
  for (const app of appNames) {
    const file = path.join(folder, `${app}.cdx.json`);
    writeFileSync(file, sbomOf(app));
    process.stdout.write(`${file}\n`);
  }
});
