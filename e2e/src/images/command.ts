import { execFile } from 'node:child_process';

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** @defaultValue 120_000 */
  readonly timeoutMs?: number;
}

/** Runs a program to its end. @returns What it wrote to its standard output. @throws {Error} with what it wrote last. */
export function command(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { env, timeoutMs = 120_000 } = options;
  return new Promise((resolve, reject) => {
    const settings = {
      env: { ...process.env, ...env },
      timeout: timeoutMs,
      killSignal: 'SIGKILL' as const,
      maxBuffer: 64 * 1_024 * 1_024,
    };
    execFile(program, [...args], settings, (error, stdout, stderr) => {
      if (!error) return resolve(stdout.trim());
      const last = `${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n');
      const why = error.killed ? `took longer than ${timeoutMs} ms` : `exit code ${error.code}`;
      reject(new Error(`${program} ${args.slice(0, 4).join(' ')} …: ${why}\n${last}`));
    });
  });
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
