import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Reporter, TestModule, TestRunEndReason, Vitest } from 'vitest/node';
import { descendantsOf } from '../lib/process-info.mjs';
import type { FailedTest } from '../lib/failed-tests.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the notes of what each worker is at. */
    runningTestsDir: string;
  }
}

/** What a worker is at. */
export interface RunningNote {
  /** Absolute path of the spec file. */
  readonly file: string;
  /** The test's full name, or what else is under way, in brackets. */
  readonly name: string;
  /** Vitest's own time limit of it, in ms; absent for what has none that can be known. */
  readonly limitMs?: number;
}

/** What Vitest says of a failure. */
interface Reason {
  readonly message?: string;
  readonly stacks?: readonly { readonly file: string; readonly line: number }[];
}

/** How often the notes are read. */
const CHECK_INTERVAL_MS = 1_000;
/** Beyond Vitest's own limit, which names the test too, but cannot fire where the test never yields. */
const GRACE_MS = 30_000;
/** For loading a file, its `beforeAll` and what comes after a test. */
const UNKNOWN_LIMIT_MS = 300_000;

/**
 * Ends a run whose worker hangs in a test that never yields, with the name of that test; leaves the names of
 * failed tests in `PARLEY_FAILED_TESTS` (a folder, set by `npm test`), a JSON file for each run.
 */
export class SuiteReporter implements Reporter {
  readonly #graceMs: number;
  readonly #workspace = path.resolve(import.meta.dirname, '../..');
  #vitest: Vitest | undefined;
  #dir = '';
  #unknownLimitMs = UNKNOWN_LIMIT_MS;
  #timer: NodeJS.Timeout | undefined;
  readonly #seen = new Map<string, { text: string; sinceMs: number }>();

  /** @param graceMs - Beyond the limit of a test, which Vitest itself enforces where the test yields. */
  constructor({ graceMs = GRACE_MS }: { graceMs?: number } = {}) {
    this.#graceMs = graceMs;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
    this.#dir = mkdtempSync(path.join(tmpdir(), 'parley-running-'));
    this.#unknownLimitMs = Math.max(UNKNOWN_LIMIT_MS, 2 * vitest.config.hookTimeout);
    vitest.provide('runningTestsDir', this.#dir);
    process.once('exit', () => rmSync(this.#dir, { recursive: true, force: true }));
  }

  onTestRunStart(): void {
    this.#timer = setInterval(() => this.#check(), CHECK_INTERVAL_MS).unref();
  }

  onTestModuleEnd(module: TestModule): void {
    for (const [noteFile, { text }] of this.#notes()) {
      const note = parseNote(text);
      if (note?.file === module.moduleId) rmSync(noteFile, { force: true });
    }
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly { message?: string }[],
    _reason: TestRunEndReason,
  ): void {
    clearInterval(this.#timer);
    const failed = this.#failedIn(modules);
    const unhandled = errors.map(({ message }): FailedTest => ({
      message: `nobody handled: ${firstLine(message)}`,
    }));
    leave([...failed, ...unhandled]);
  }

  #failedIn(modules: readonly TestModule[]): FailedTest[] {
    return modules.flatMap((module) => {
      const file = this.#relative(module.moduleId);
      const tests = [...module.children.allTests('failed')].map((test): FailedTest => {
        const { errors: reasons = [] } = test.result();
        return { file, name: test.fullName, ...this.#reason(reasons[0]) };
      });
      const others = [module, ...module.children.allSuites()].flatMap((it) => it.errors());
      return [...tests, ...others.map((error): FailedTest => ({ file, ...this.#reason(error) }))];
    });
  }

  /** Why it failed, and the outermost place in the workspace's own code: the line of the test itself. */
  #reason(error: Reason | undefined): Pick<FailedTest, 'message' | 'at'> {
    const own = error?.stacks?.filter(({ file }) => isOwn(this.#relative(file))).at(-1);
    return {
      message: firstLine(error?.message),
      ...(own && { at: `${this.#relative(own.file)}:${own.line}` }),
    };
  }

  #relative(file: string): string {
    return path.relative(this.#workspace, file);
  }

  *#notes(): Generator<[file: string, note: { text: string; sinceMs: number }]> {
    for (const name of readdirSync(this.#dir)) {
      const file = path.join(this.#dir, name);
      const text = readFileSync(file, 'utf8');
      let seen = this.#seen.get(file);
      if (seen?.text !== text) this.#seen.set(file, (seen = { text, sinceMs: performance.now() }));
      yield [file, seen];
    }
  }

  #check(): void {
    for (const [, { text, sinceMs }] of this.#notes()) {
      const note = parseNote(text);
      if (!note) continue;
      const limitMs = note.limitMs === undefined ? this.#unknownLimitMs : note.limitMs + this.#graceMs;
      const forMs = performance.now() - sinceMs;
      if (forMs > limitMs) this.#end(note, forMs);
    }
  }

  #end({ file, name }: RunningNote, forMs: number): never {
    const message = `hangs, for ${Math.round(forMs / 1_000)} s`;
    process.stderr.write(`\n FAIL  ${this.#relative(file)} > ${name}\nError: ${message}\n`);
    const before = this.#failedIn(this.#vitest?.state.getTestModules() ?? []);
    leave([...before, { file: this.#relative(file), name, message }]);
    // Workers that never yield do not notice that this process goes.
    for (const pid of descendantsOf(process.pid)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has gone by itself.
      }
    }
    process.exit(1);
  }
}

/** @returns undefined while it is being written. */
function parseNote(text: string): RunningNote | undefined {
  try {
    return JSON.parse(text) as RunningNote;
  } catch {
    return undefined;
  }
}

const isOwn = (file: string): boolean => !file.startsWith('..') && !file.includes('node_modules');

const firstLine = (message = 'no message'): string => message.split('\n')[0] ?? '';

function leave(failed: readonly FailedTest[]): void {
  const dir = process.env['PARLEY_FAILED_TESTS'];
  if (!dir || failed.length === 0) return;
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, `${process.pid}.json`), JSON.stringify(failed));
}
