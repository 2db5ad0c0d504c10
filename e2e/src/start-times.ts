import { readFileSync } from 'node:fs';
import type { AppProcess } from './stack.js';

/** Index of `starttime` behind the command's name, which may hold blanks. @see proc(5), /proc/pid/stat */
const START_TIME_FIELD = 19;

/**
 * When each process started, by the kernel's count: whoever restarts one cannot hide that it had ended.
 *
 * @throws {Error} when one is gone.
 */
export function startTimes(apps: readonly AppProcess[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    apps.map(({ app, process: { pid } }) => {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return [`${app} ${pid}`, String(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_TIME_FIELD])];
    }),
  );
}
