/**
 * `docs/third-party.md`: what Parley is made of besides itself, and under which licences. `--check` only compares, and refuses licences
 * that are not permissive and install scripts that nobody has decided about.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isPermissive, productionPackages, scriptProblems } from './lib/lock-file.mjs';
import { main } from './lib/main.mjs';
import { root, UserError } from './lib/workspace.mjs';

const file = path.join(root, 'docs/third-party.md');
/** @param {string} name */
const readJson = (name) => JSON.parse(readFileSync(path.join(root, name), 'utf8'));

await main(async ([option, ...more]) => {
  if ((option !== undefined && option !== '--check') || more.length > 0)
    throw new UserError('usage: node tools/third-party.mjs [--check]');
  const { packages } = readJson('package-lock.json');
  const production = productionPackages(packages);
  const problems = [
    ...scriptProblems(packages, readJson('package.json').allowScripts),
    ...production
      .filter(({ license }) => !isPermissive(license))
      .map(
        ({ name, license }) =>
          `${name} has the licence ${license ?? 'that it does not name'}, which is not known as permissive`,
      ),
  ];
  if (problems.length > 0) throw new UserError(problems.join('\n'));
  const text = page(production);
  if (option === undefined) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text)
    throw new UserError('docs/third-party.md is not of this package-lock.json: node tools/third-party.mjs');
});

/** @param {ReturnType<typeof productionPackages>} production */
function page(production) {
  return `# Third-party packages

What an installation for production has, by \`package-lock.json\`: ${production.length} packages, all under permissive licences. Their texts are in the packages, and in the images. Made by \`node tools/third-party.mjs\`.

${production.map(({ name, version, license }) => `- ${name} ${version} (${license})`).join('\n')}
`;
}
