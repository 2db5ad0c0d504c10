import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { onExit } from './at-exit.js';
import { LineRing, type OutputLine } from './line-ring.js';

/** What to run. */
export interface SpawnProcessOptions {
  command: string;
  args?: readonly string[];
  /** Added to this process's environment; `undefined` removes a variable. */
  env?: Readonly<Record<string, string | undefined>>;
  /** @defaultValue this process's working directory */
  cwd?: string;
  /** For error messages. @defaultValue the command */
  name?: string;
}

/** How a process ended: one of the two is set. */
export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A regular expression or predicate on one line of output. */
export type LineMatcher = RegExp | ((line: string) => boolean);

/** Lines of output quoted in an error. */
const QUOTED_LINES = 20;

/**
 * A child process under test: its output, its faults, its end.
 *
 * Signals go to the process alone. When it has ended, or this process ends, whatever is left of
 * its process group is killed: no test leaves anything running.
 */
export class ManagedProcess {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the process has ended and all its output has been read. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  readonly #ring = new LineRing();
  #exit: ProcessExit | undefined;
  #told = false;

  /** @internal Use {@link spawnProcess}. */
  constructor(child: ChildProcess, name: string) {
    if (child.pid === undefined) throw new Error(`${name} has no pid`);
    const pid = child.pid;
    this.#child = child;
    this.name = name;
    this.pid = pid;
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]?.setEncoding('utf8').on('data', (text: string) => this.#ring.write(stream, text));
    }
    const forget = onExit(() => killGroup(pid));
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#exit = { code, signal };
        // Grandchildren would otherwise outlive the test and hold the output pipes open.
        killGroup(pid);
        forget();
      });
      child.once('close', (code, signal) => {
        this.#ring.end();
        resolve({ code, signal });
      });
    });
  }

  /** Whether the process has not ended yet; a paused one runs. */
  get running(): boolean {
    return this.#exit === undefined;
  }

  /** Whether it has ended and nobody here had told it to. */
  get endedByItself(): boolean {
    return !this.running && !this.#told;
  }

  /** The last 2,000 lines of both streams, in order of arrival, joined by line breaks. */
  output(): string {
    return this.lines()
      .map(({ text }) => text)
      .join('\n');
  }

  /** The last 2,000 lines with stream and time. */
  lines(): OutputLine[] {
    return this.#ring.lines();
  }

  /** Calls back for every later line, also those that {@link output} forgets. */
  onLine(listener: (line: OutputLine) => void): void {
    this.#ring.onLine(listener);
  }

  /**
   * Waits for a line of output, on either stream; also finds one that is already there.
   *
   * @param timeoutMs - @defaultValue 10_000
   * @param from - `now` ignores what was written before the call. @defaultValue 'start'
   * @returns The line.
   * @throws {Error} with the end of the output, on timeout or as soon as the process ends without it.
   */
  async waitForLine(
    matcher: LineMatcher,
    timeoutMs = 10_000,
    from: 'start' | 'now' = 'start',
  ): Promise<string> {
    const matches = (text: string): boolean =>
      typeof matcher === 'function' ? matcher(text) : text.search(matcher) !== -1;
    const present = from === 'start' ? this.lines().find(({ text }) => matches(text)) : undefined;
    if (present) return present.text;
    const done = new AbortController();
    let stopListening = (): void => undefined;
    const found = new Promise<string>((resolve) => {
      stopListening = this.#ring.onLine(({ text }) => {
        if (matches(text)) resolve(text);
      });
    });
    try {
      const ended = this.exited.then((exit) => ({ problem: `ended with ${exit.signal ?? exit.code}` }));
      const late = sleep(timeoutMs, { problem: `waited ${timeoutMs} ms` }, { signal: done.signal }).catch(
        () => ({ problem: '' }),
      );
      const result = await Promise.race([found, ended, late]);
      if (typeof result === 'string') return result;
      throw new Error(
        `${this.name}: no line matches ${String(matcher)}: ${result.problem}\n${this.#quote()}`,
      );
    } finally {
      stopListening();
      done.abort();
    }
  }

  /** SIGSTOP: the process holds its sockets and leases but does nothing. */
  pause(): void {
    this.#signal('SIGSTOP');
  }

  /** SIGCONT after {@link pause}. */
  resume(): void {
    this.#signal('SIGCONT');
  }

  /** SIGKILL, and waits for the end. Works on a paused process; nothing happens to an ended one. */
  async kill9(): Promise<ProcessExit> {
    if (this.running) this.#end('SIGKILL');
    return this.exited;
  }

  /**
   * SIGTERM, and waits for the end.
   *
   * @param timeoutMs - When it passes the process is killed. @defaultValue 10_000
   * @returns How it ended; at once for an ended one.
   * @throws {Error} with the end of the output when it had to be killed.
   */
  async terminate(timeoutMs = 10_000): Promise<ProcessExit> {
    if (this.running) this.#end('SIGTERM');
    const done = new AbortController();
    const late = sleep(timeoutMs, undefined, { signal: done.signal }).catch(() => undefined);
    const exit = await Promise.race([this.exited, late]);
    done.abort();
    if (exit) return exit;
    await this.kill9();
    throw new Error(`${this.name}: still running ${timeoutMs} ms after SIGTERM, killed\n${this.#quote()}`);
  }

  #end(signal: NodeJS.Signals): void {
    this.#told = true;
    this.#child.kill(signal);
  }

  #signal(signal: NodeJS.Signals): void {
    if (!this.running) throw new Error(`${this.name}: cannot send ${signal}, it has ended\n${this.#quote()}`);
    this.#child.kill(signal);
  }

  #quote(): string {
    return this.lines()
      .slice(-QUOTED_LINES)
      .map(({ stream, text }) => `  ${stream} | ${text}`)
      .join('\n');
  }
}

/**
 * Starts a process in its own process group, so that nothing of it survives this one.
 *
 * @returns Once it has been started, not once it is ready: use `waitForLine`.
 * @throws {Error} when it cannot be started, for example because the command does not exist.
 */
export async function spawnProcess(options: SpawnProcessOptions): Promise<ManagedProcess> {
  const { command, args = [], env = {}, cwd, name = command } = options;
  const child = spawn(command, [...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  if (child.pid !== undefined) return new ManagedProcess(child, name);
  const reason = await new Promise<Error>((resolve) => child.once('error', resolve));
  throw new Error(`${name}: cannot start: ${reason.message}`, { cause: reason });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: nobody left in the group.
  }
}
