/**
 * @typedef {object} Outcome Of one thing that continuous integration does beside `npm test`.
 * @property {'good' | 'bad' | 'unknown'} verdict `unknown`: it could not be done here, which fails nobody.
 * @property {string} line what it came to, in a sentence.
 */

/**
 * Whether there is time for something, and how much.
 *
 * @param {{ limitSeconds: number, elapsedSeconds: number, neededSeconds: number, reserveSeconds: number }} times of the whole
 *   run; what it needs at the least; what is left over for it to end.
 * @returns {number | undefined} seconds that it may take; undefined when that is too little.
 */
export function timeFor({ limitSeconds, elapsedSeconds, neededSeconds, reserveSeconds }) {
  const left = Math.floor(limitSeconds - elapsedSeconds - reserveSeconds);
  return left >= neededSeconds ? left : undefined;
}

/**
 * The exit code of the whole: that of `npm test` if it failed; else 1 if something that was done turned out bad.
 *
 * @param {number} tests exit code of `npm test`
 * @param {Outcome[]} outcomes
 */
export function exitCodeOf(tests, outcomes) {
  if (tests !== 0) return tests;
  return outcomes.some(({ verdict }) => verdict === 'bad') ? 1 : 0;
}

/**
 * What `npm run prove-images` came to, by its last verdict.
 *
 * @param {{ output: string, timedOut: boolean }} ran
 * @returns {Outcome}
 */
export function imagesOutcome({ output, timedOut }) {
  const verdicts = [...output.matchAll(/^THE IMAGES (ARE PROVEN|ARE NOT GOOD|WERE NOT PROVEN): (.*)$/gm)];
  const [, verdict, why = ''] = verdicts.at(-1) ?? [];
  if (verdict === 'ARE PROVEN')
    return { verdict: 'good', line: `The images were built, run and proven: ${why}` };
  if (verdict === 'ARE NOT GOOD')
    return { verdict: 'bad', line: 'The images are NOT GOOD: what is wrong is above.' };
  return notProven(why || (timedOut ? 'the proof did not end in time' : 'the proof ended without a verdict'));
}

/** @param {string} why part of a sentence. @returns {Outcome} */
export const notProven = (why) => ({
  verdict: 'unknown',
  line: `The images were NOT PROVEN: ${why.replace(/\.$/, '')}. This does it: npm run prove-images`,
});
