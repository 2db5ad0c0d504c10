import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { root } from '../lib/workspace.mjs';

const judgementsDir = path.join(root, 'tools/mutation/judgements');
const resultsFile = path.join(root, 'tools/mutation/results.json');
const documentFile = path.join(root, 'docs/mutation.md');
const begin = '<!-- npm run mutate -- --write: from here -->';
const end = '<!-- npm run mutate -- --write: to here -->';

/**
 * @typedef {import('./survivors.mjs').Judgement} Judgement
 * @typedef {import('./survivors.mjs').FolderScore & { oneIn: number }} FolderResult of a sample of one mutant in so many
 */

/** @param {string} name of a project @returns {Judgement[]} none when nothing has been judged yet. */
export function readJudgements(name) {
  const file = path.join(judgementsDir, `${name}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
}

/** @returns {Record<string, FolderResult[]>} the last known results by project. */
const readResults = () => (existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, 'utf8')) : {});

/** Of folders that were not tried this time the earlier results stay. @param {string} name @param {FolderResult[]} tried */
export function rememberScores(name, tried) {
  const before = readResults();
  const kept = (before[name] ?? []).filter(({ folder }) => !tried.some((it) => it.folder === folder));
  const all = [...kept, ...tried].sort((a, b) => a.folder.localeCompare(b.folder));
  const results = { ...before, [name]: all };
  const sorted = Object.fromEntries(Object.entries(results).sort(([a], [b]) => a.localeCompare(b)));
  writeFileSync(resultsFile, `${JSON.stringify(sorted, undefined, 2)}\n`);
}

/** Puts the table of the last results and the judgements into the document, between its marks. */
export async function writeDocument() {
  const text = readFileSync(documentFile, 'utf8');
  const [before] = text.split(begin);
  const after = text.split(end)[1];
  if (before === undefined || after === undefined)
    throw new Error(`the marks are missing in ${documentFile}`);
  const generated = [...table(readResults()), '', ...judgementList()].join('\n');
  const whole = `${before}${begin}\n\n${generated}\n\n${end}${after}`;
  const options = await resolveConfig(documentFile);
  writeFileSync(documentFile, await format(whole, { ...options, filepath: documentFile }));
}

/** @param {Record<string, FolderResult[]>} results */
function table(results) {
  const rows = Object.values(results).flatMap((folders) =>
    folders.map(({ folder, oneIn, killed, survived, judged }) => {
      const tried = killed + survived;
      const score = tried === 0 ? '-' : `${((100 * killed) / tried).toFixed(1)} %`;
      return [folder, oneIn === 1 ? 'all' : `one in ${oneIn}`, tried, killed, score, survived - judged];
    }),
  );
  const header = ['Folder', 'Taken', 'Mutants', 'Killed', 'Score', 'Survivors not judged'];
  return [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
}

function judgementList() {
  if (!existsSync(judgementsDir)) return [];
  return readdirSync(judgementsDir)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .flatMap((file) => {
      const name = path.basename(file, '.json');
      const lines = readJudgements(name).map(
        ({ file: source, code, mutant, why }) =>
          `- ${path.basename(source)}, \`\` ${code} \`\`${mutant === undefined ? '' : `, to \`\` ${mutant} \`\``}: ${why}`,
      );
      return [`### Survivors of ${name}`, '', ...lines, ''];
    });
}
