/**
 * The option that somebody probably meant: libs/config has the same for settings, in TypeScript, which cannot be loaded
 * before the dependencies are there.
 *
 * @param {string} typed
 * @param {readonly string[]} known
 * @returns {string | undefined} one that differs in two letters at most, and is the only one.
 */
export function nearestOption(typed, known) {
  const near = known.filter((name) => isNear(typed, name, 2));
  return near.length === 1 ? near[0] : undefined;
}

/**
 * @param {string} a
 * @param {string} b
 * @param {number} left letters that may still be wrong, left out or too many.
 * @returns {boolean}
 */
function isNear(a, b, left) {
  if (left < 0) return false;
  if (a === '' || b === '') return a.length + b.length <= left;
  if (a[0] === b[0]) return isNear(a.slice(1), b.slice(1), left);
  return (
    isNear(a.slice(1), b.slice(1), left - 1) ||
    isNear(a.slice(1), b, left - 1) ||
    isNear(a, b.slice(1), left - 1)
  );
}
