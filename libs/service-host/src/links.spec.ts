import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { linksOf } from './links.js';

afterEach(() => void vi.unstubAllEnvs());

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'links-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe('links of a process', () => {
  it('are in a folder of its user when none is set, and nowhere when they are off', () => {
    expect(linksOf({ root: '/', linkDir: undefined })).toBeDefined();
    expect(linksOf({ root: '/', linkDir: 'off' })).toBeUndefined();
  });

  it('are where the setting says, from the root on', () => {
    const root = folder();
    const socket = linksOf({ root, linkDir: 'run' })?.pathOf('a');
    expect(socket?.startsWith(join(root, 'run'))).toBe(true);
  });

  it('are none, which is told, where others may enter the folder that is set', () => {
    const path = folder();
    chmodSync(path, 0o755);
    const errors: unknown[] = [];
    expect(linksOf({ root: '/', linkDir: path }, (error) => errors.push(error))).toBeUndefined();
    expect(errors).toMatchObject([{ message: expect.stringContaining('this user alone') as string }]);
  });

  it('are none, without a word, where no temporary file can be made', () => {
    vi.stubEnv('TMPDIR', '/dev/null');
    const errors: unknown[] = [];
    expect(linksOf({ root: '/', linkDir: undefined }, (error) => errors.push(error))).toBeUndefined();
    expect(errors).toEqual([]);
  });
});
