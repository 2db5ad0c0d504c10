import { UserError } from '../lib/workspace.mjs';

/**
 * A bug for one script.
 * @typedef {object} LuaMutant
 * @property {string} script file name of the script without `.lua`
 * @property {string} find exact text; it must occur once
 * @property {string} replace
 * @property {string} why what would go wrong
 * @property {string} [survives] why it may live, when no test finds it
 */

/**
 * @param {string} text of the script
 * @param {Pick<LuaMutant, 'script' | 'find' | 'replace'>} mutant
 * @returns {string} the script with the bug
 * @throws {UserError} when the text to find is not there, or more than once, or nothing would change.
 */
export function applyLuaMutant(text, { script, find, replace }) {
  const shown = JSON.stringify(find);
  if (find === '' || find === replace) throw new UserError(`${script}: a mutant changes nothing: ${shown}`);
  const at = text.indexOf(find);
  if (at < 0) throw new UserError(`${script}: not found: ${shown}`);
  if (text.indexOf(find, at + 1) >= 0) throw new UserError(`${script}: found twice: ${shown}`);
  return text.slice(0, at) + replace + text.slice(at + find.length);
}
