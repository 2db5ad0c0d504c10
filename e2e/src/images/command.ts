import { execFile, type ChildProcess } from 'node:child_process';

/** Under way: who is interrupted ends them first. */
const running = new Set<ChildProcess>();
let isOver = false;

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** @defaultValue 120_000 */
  readonly timeoutMs?: number;
  /** Whether it runs after {@link endCommands}, too, since it only cleans up. @defaultValue false */
  readonly cleansUp?: boolean;
}

/** Runs a program to its end. @returns What it wrote to its standard output. @throws {Error} with what it wrote last. */
export function command(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { env, timeoutMs = 120_000, cleansUp = false } = options;
  if (isOver && !cleansUp) return Promise.reject(new Error(`${program} is not started any more`));
  return new Promise((resolve, reject) => {
    const settings = {
      env: { ...process.env, ...env },
      timeout: timeoutMs,
      killSignal: 'SIGKILL' as const,
      maxBuffer: 64 * 1_024 * 1_024,
    };
    const child = execFile(program, [...args], settings, (error, stdout, stderr) => {
      running.delete(child);
      if (!error) return resolve(stdout.trim());
      const last = `${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n');
      const why = error.killed ? `took longer than ${timeoutMs} ms` : `exit code ${error.code}`;
      reject(new Error(`${program} ${args.slice(0, 4).join(' ')} …: ${why}\n${last}`));
    });
    running.add(child);
  });
}

/** Asks every command that is under way to end. It fails then, as does every later one that does not clean up. */
export function endCommands(): void {
  isOver = true;
  for (const child of running) child.kill('SIGTERM');
}

/** Whether a command ends well. */
export const works = (
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<boolean> =>
  command(program, args, { timeoutMs: 20_000, ...options }).then(
    () => true,
    () => false,
  );
