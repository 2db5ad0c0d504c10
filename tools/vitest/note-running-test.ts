/**
 * Set-up file of every suite: keeps a note of what this worker is at, for {@link ./suite-reporter.ts}. Written
 * before the test begins and synchronously, since a test that never yields can tell nobody anything later.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { threadId } from 'node:worker_threads';
import { beforeEach, expect, inject } from 'vitest';
import type { RunningNote } from './suite-reporter.js';

const noteFile = path.join(inject('runningTestsDir'), `${process.pid}-${threadId}.json`);
const testFile = expect.getState().testPath ?? '';

function note(at: Omit<RunningNote, 'file'>): void {
  const whole: RunningNote = { file: testFile, ...at };
  writeFileSync(noteFile, JSON.stringify(whole));
}

note({ name: '(loading the file, or its beforeAll)' });
beforeEach(({ task }) => {
  note({ name: task.fullTestName, limitMs: task.timeout });
  // Runs after every `afterEach`.
  return () => note({ name: `(after "${task.fullTestName}")` });
});
