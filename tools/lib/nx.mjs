import path from 'node:path';
import { root } from './workspace.mjs';

/** Started as a file, not through npx: a signal then reaches Nx itself and, through it, every task. */
export const nxEntry = path.join(root, 'node_modules/nx/dist/bin/nx.js');

/** No daemon, no cloud, no terminal UI, no prompts, no colours in logs. */
export const nxEnv = {
  NX_DAEMON: 'false',
  NX_NO_CLOUD: 'true',
  NX_TUI: 'false',
  CI: '1',
  NO_COLOR: '1',
  FORCE_COLOR: '0',
};

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv} `env` with what keeps Nx quiet and local.
 */
export function withNxEnv(env) {
  return { ...env, ...nxEnv };
}
