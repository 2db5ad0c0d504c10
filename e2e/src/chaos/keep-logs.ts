import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChaosReport } from './run-chaos.js';

/** Whether anything happened that must not. */
export const isBroken = ({ violations, failure }: ChaosReport): boolean =>
  violations.length > 0 || failure !== undefined;

/** Writes what every process of a run has logged into a folder, a new one if none is named. @returns The folder. */
export function keepLogs({ logs }: ChaosReport, dir = mkdtempSync(join(tmpdir(), 'parley-chaos-'))): string {
  mkdirSync(dir, { recursive: true });
  for (const [name, text] of logs) writeFileSync(join(dir, `${name}.log`), text);
  return dir;
}
