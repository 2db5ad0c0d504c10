import { findExecutable } from './find-executable.mjs';
import { runCommand } from './run-command.mjs';
import { UserError } from './workspace.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<string>} path of a Chromium that runs.
 * @throws {UserError} naming the command that installs one.
 */
export async function findChromium(env = process.env) {
  const given = env.PARLEY_CHROMIUM;
  const bin = given ?? names.map((name) => findExecutable(name, { env })).find(Boolean) ?? macApplication();
  if (bin && (await runCommand(bin, ['--version'], { timeoutMs: 20_000 })).ok) return bin;
  throw new UserError(
    [
      bin ? `${bin} does not run here.` : 'No Chromium was found; the browser tests need one.',
      '  Debian          sudo apt-get install -y chromium',
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
