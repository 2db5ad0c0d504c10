/**
 * Set-up of every spec file. Keeps a note of what this worker is at, for `suite-reporter.ts`: written before the
 * test begins and synchronously, since a test that never yields can tell nobody anything later. And puts clocks,
 * globals and mocks back at the end of the file.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { threadId } from 'node:worker_threads';
import { afterAll, beforeEach, expect, inject, vi } from 'vitest';
import type { RunningNote } from './suite-reporter.js';

// Whoever asked for another reporter has nobody who would read it.
const dir = inject('runningTestsDir') as string | undefined;
const noteFile = dir && path.join(dir, `${process.pid}-${threadId}.json`);
const testFile = expect.getState().testPath ?? '';

function note(at: Omit<RunningNote, 'file'>): void {
  const whole: RunningNote = { file: testFile, ...at };
  if (noteFile !== undefined) writeFileSync(noteFile, JSON.stringify(whole));
}

note({ name: '(loading the file, or its beforeAll)' });
beforeEach(({ task }) => {
  note({ name: task.fullTestName, limitMs: task.timeout });
  // Runs after every `afterEach`.
  return () => note({ name: `(after "${task.fullTestName}")` });
});

// The next file may share this process.
afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});
