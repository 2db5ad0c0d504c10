import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * @typedef {object} Mutant One mutant of a report in the mutation-testing-elements format.
 * @property {string} mutatorName
 * @property {string} [replacement]
 * @property {'Killed' | 'Survived' | 'NoCoverage' | 'Timeout' | 'RuntimeError' | 'CompileError' | 'Ignored' | 'Pending'} status
 * @property {{ start: { line: number, column: number }, end: { line: number, column: number } }} location
 *
 * @typedef {{ files: Record<string, { source: string, mutants: Mutant[] }> }} Report
 *
 * @typedef {object} Survivor A mutant that no test noticed, or that no test even ran.
 * @property {string} file below the workspace root.
 * @property {number} line
 * @property {string} code the line it begins on, trimmed.
 * @property {string} mutator
 * @property {string} original
 * @property {string} replacement
 * @property {boolean} covered
 *
 * @typedef {object} Judgement Why a survivor may live, or why it is no bug.
 * @property {string} file
 * @property {string} code part of the line that the mutant begins on; found by its text, so that it outlives moves.
 * @property {string} [mutant] part of the replacement, or the mutator's name; without it all mutants of that line.
 * @property {string} why
 */

/** @param {string} file @returns {Report} */
export const readReport = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** @param {Report} report @returns {Survivor[]} in the order of the code. */
export function survivorsOf(report) {
  return Object.entries(report.files)
    .flatMap(([file, { source, mutants }]) => {
      const lines = source.split('\n');
      return mutants
        .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
        .map(({ mutatorName, replacement = '', status, location: { start, end } }) => ({
          file,
          line: start.line,
          code: (lines[start.line - 1] ?? '').trim(),
          mutator: mutatorName,
          original: textBetween(lines, start, end),
          replacement,
          covered: status === 'Survived',
        }));
    })
    .sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
}

/**
 * @param {Survivor} survivor
 * @param {readonly Judgement[]} judgements
 * @returns {Judgement | undefined} the first that fits.
 */
export const judgementOf = (survivor, judgements) =>
  judgements.find(
    ({ file, code, mutant }) =>
      file === survivor.file &&
      survivor.code.includes(code) &&
      (mutant === undefined || mutant === survivor.mutator || survivor.replacement.includes(mutant)),
  );

/** @typedef {{ folder: string, killed: number, survived: number, judged: number }} FolderScore */

/**
 * @param {Report} report
 * @param {readonly Judgement[]} judgements
 * @returns {FolderScore[]} a row for each folder that has mutants; time-outs count as killed.
 */
export function scoresOf(report, judgements) {
  /** @type {Map<string, FolderScore>} */
  const scores = new Map();
  /** @param {string} file */
  const scoreOf = (file) => {
    const folder = path.posix.dirname(file);
    const score = scores.get(folder) ?? { folder, killed: 0, survived: 0, judged: 0 };
    scores.set(folder, score);
    return score;
  };
  for (const [file, { mutants }] of Object.entries(report.files)) {
    const killed = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
    if (killed > 0) scoreOf(file).killed += killed;
  }
  for (const survivor of survivorsOf(report)) {
    const score = scoreOf(survivor.file);
    score.survived += 1;
    if (judgementOf(survivor, judgements)) score.judged += 1;
  }
  return [...scores.values()].sort((a, b) => a.folder.localeCompare(b.folder));
}

/** @param {string[]} lines @param {{ line: number, column: number }} start @param {{ line: number, column: number }} end */
function textBetween(lines, start, end) {
  const part = lines.slice(start.line - 1, end.line);
  part[part.length - 1] = part.at(-1)?.slice(0, end.column - 1) ?? '';
  part[0] = part[0]?.slice(start.column - 1) ?? '';
  return part.join(' ').replaceAll(/\s+/g, ' ');
}
