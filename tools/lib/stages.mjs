import path from 'node:path';
import { nxEntry } from './nx.mjs';
import { root } from './workspace.mjs';

/**
 * @typedef {object} Check One command of a stage.
 * @property {string} name
 * @property {string[]} args of Node.js
 * @property {number} timeoutMs after which its whole process tree is ended.
 * @property {boolean} hasTests whether vitest's counts are to be read from its output.
 *
 * @typedef {object} Stage
 * @property {string} name
 * @property {(Check | Check[])[]} checks one after the other; those in a list of their own side by side.
 */

const minute = 60_000;

/** @param {string[]} targets @returns {string[]} */
const nxTargets = (...targets) => [nxEntry, 'run-many', '-t', ...targets, '--output-style=stream'];
/** @param {string} file */
const inRoot = (file) => path.join(root, file);

/** @param {string} name @param {string[]} args @param {number} [timeoutMs] @returns {Check} */
const staticCheck = (name, args, timeoutMs = 10 * minute) => ({ name, args, timeoutMs, hasTests: false });
/** @param {string} name @param {string[]} args @param {number} timeoutMs @returns {Check} */
const suite = (name, args, timeoutMs) => ({ name, args, timeoutMs, hasTests: true });

const format = staticCheck('format', [inRoot('node_modules/prettier/bin/prettier.cjs'), '--check', '.']);
const lua = staticCheck('generated lua', [inRoot('tools/generate-lua.mjs'), '--check']);
const thirdParty = staticCheck('third party', [inRoot('tools/third-party.mjs'), '--check']);
const lint = staticCheck('lint', nxTargets('lint'));
const types = staticCheck('typecheck', [inRoot('tools/check-types.mjs')]);
// Both at once, and nothing twice: half of the time of the two above where nothing is cached.
const code = staticCheck('types, lint', [inRoot('tools/check-code.mjs')]);
const circles = staticCheck('circles', [
  inRoot('node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
  ...['--config', inRoot('tools/circles.config.mjs')],
  ...['apps', 'libs', 'e2e', 'tools'],
]);
const boundaries = staticCheck('boundaries', [inRoot('tools/prove-boundaries.mjs')]);
const pictures = staticCheck('pictures', [inRoot('tools/pictures.mjs'), '--check']);
const unit = suite('unit', nxTargets('test'), 10 * minute);

/** What `npm test` runs, cheapest first. @type {Stage[]} */
export const testStages = [
  { name: 'static', checks: [lua, thirdParty, pictures, [code, format], circles, boundaries] },
  { name: 'unit', checks: [unit] },
  { name: 'integration', checks: [suite('integration', nxTargets('integration'), 20 * minute)] },
  { name: 'build', checks: [staticCheck('build', nxTargets('build'))] },
  // Alone, so that no other suite takes the processor from its timings.
  { name: 'e2e', checks: [suite('e2e', [nxEntry, 'run', 'e2e:e2e', '--output-style=stream'], 30 * minute)] },
];

/** What `npm run check` runs before a commit. @type {Stage[]} */
export const checkStages = [{ name: 'check', checks: [format, lua, thirdParty, circles, lint, types, unit] }];
