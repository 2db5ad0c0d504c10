import { createHash } from 'node:crypto';

/**
 * Whether a mutant belongs to a sample of one in `oneIn`. Decided by what the mutant is, not by chance or
 * by its number: the same code gives the same sample in every run, and a change elsewhere does not move it.
 *
 * @param {{ fileName: string, mutatorName: string, replacement: string, location: { start: { line: number, column: number } } }} mutant
 * @param {number} oneIn 1 takes all.
 * @param {string} [rootDir] cut off the front of `fileName`.
 * @returns {boolean}
 */
export function isSampled(mutant, oneIn, rootDir = '') {
  const { line, column } = mutant.location.start;
  const name = mutant.fileName.replace(rootDir, '');
  const identity = [name, line, column, mutant.mutatorName, mutant.replacement].join('\n');
  return createHash('sha256').update(identity).digest().readUInt32BE(0) % oneIn === 0;
}
