/**
 * Plain JavaScript: `npm start` loads it, too, before anything is installed that could read TypeScript.
 */

/**
 * The known name that somebody probably meant: the one with the fewest letters typed wrong, left out or too many.
 *
 * @param {string} name
 * @param {readonly string[]} known
 * @returns {string | undefined} Undefined when none is near: two letters or a third of them at most, and no two as near.
 * @see https://en.wikipedia.org/wiki/Levenshtein_distance
 */
export function nearest(name, known) {
  const wanted = name.toUpperCase();
  const [first, second] = known
    .map((other) => ({ other, distance: editDistance(wanted, other.toUpperCase()) }))
    .sort((a, b) => a.distance - b.distance);
  if (!first || first.distance > Math.max(2, first.other.length / 3)) return undefined;
  return first.distance === second?.distance ? undefined : first.other;
}

/**
 * `, did you mean X?` or nothing: the end of a sentence about a name that nobody knows.
 *
 * @param {string} name
 * @param {readonly string[]} known
 * @returns {string}
 */
export function didYouMean(name, known) {
  const meant = nearest(name, known);
  return meant === undefined ? '' : `, did you mean ${meant}?`;
}

/**
 * Row by row; `row[i]` is the distance of the first `i` letters of `a` to what of `b` has been seen.
 *
 * @param {string} a
 * @param {string} b
 * @returns {number}
 */
function editDistance(a, b) {
  let row = Array.from({ length: a.length + 1 }, (_, i) => i);
  for (const letter of b) {
    const next = [(row[0] ?? 0) + 1];
    for (let i = 1; i <= a.length; i++) {
      const replaced = (row[i - 1] ?? 0) + (a[i - 1] === letter ? 0 : 1);
      next.push(Math.min((next[i - 1] ?? 0) + 1, (row[i] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[a.length] ?? 0;
}
