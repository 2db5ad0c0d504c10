import { findExecutable } from './find-executable.mjs';
import { runCommand } from './run-command.mjs';
import { UserError } from './workspace.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** Chromium's pages without its windows, menus and services: the same pages for less than half of the processor time. */
const shells = ['chromium-headless-shell', 'chrome-headless-shell', 'headless_shell'];

/**
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<string>} path of a Chromium that runs.
 * @throws {UserError} naming the command that installs one.
 */
export const findChromium = (env = process.env) => findBrowser(names, env);

/**
 * As {@link findChromium}, for tests: Chromium's headless shell where there is one.
 *
 * @param {NodeJS.ProcessEnv} [env]
 */
export const findTestBrowser = (env = process.env) => findBrowser([...shells, ...names], env);

/**
 * @param {readonly string[]} wanted The first that is there. The first of all is also a package of Debian's.
 * @param {NodeJS.ProcessEnv} env
 */
async function findBrowser(wanted, env) {
  const given = env.PARLEY_CHROMIUM;
  const bin = given ?? wanted.map((name) => findExecutable(name, { env })).find(Boolean) ?? macApplication();
  if (bin && (await runCommand(bin, ['--version'], { timeoutMs: 20_000 })).ok) return bin;
  throw new UserError(
    [
      bin ? `${bin} does not run here.` : 'No Chromium was found; the browser tests need one.',
      `  Debian          sudo apt-get install -y ${wanted[0]}`,
      '  Fedora          sudo dnf install -y chromium',
      '  Alpine          sudo apk add chromium',
      '  macOS           brew install --cask chromium',
      '  elsewhere       PARLEY_CHROMIUM=/path/to/chrome npm test',
    ].join('\n'),
  );
}

function macApplication() {
  const bin = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
  return process.platform === 'darwin' ? findExecutable(bin) : undefined;
}
