import type { ManagedProcess } from '@parley/testing';

/** Lines quoted of a process that crashed. */
const QUOTED_LINES = 5;

/** An app, and the process that runs it. */
export interface WatchedProcess {
  readonly app: string;
  readonly process: Pick<ManagedProcess, 'pid' | 'lines' | 'endedByItself'>;
}

/**
 * Every suite's last assertion: no process has logged `fatal`, and none has ended but those that the test ended.
 *
 * @throws {Error} that names the processes, with the lines that say why.
 */
export function expectNoCrash(apps: readonly WatchedProcess[]): void {
  const crashes = apps.flatMap(({ app, process }) => {
    const lines = process.lines().map(({ text }) => text);
    const fatal = lines.filter((line) => line.includes('"level":60'));
    if (fatal.length > 0) return [`${app} ${process.pid} logged fatal:\n${fatal.join('\n')}`];
    if (!process.endedByItself) return [];
    return [`${app} ${process.pid} ended by itself:\n${lines.slice(-QUOTED_LINES).join('\n')}`];
  });
  if (crashes.length > 0) throw new Error(crashes.join('\n'));
}
