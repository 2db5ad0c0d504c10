import { execFileSync } from 'node:child_process';
import { describe, expect, it, vi } from 'vitest';
import { openFilesLimit, warnOfFewFiles } from './open-files.js';

describe('open files', () => {
  it('are as many as the shell that starts a process lets it have', () => {
    const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
    expect(openFilesLimit()).toBe(limit === 'unlimited' ? Infinity : Number(limit));
  });

  it('are warned of when there are fewer than connections', () => {
    const warn = vi.fn();
    warnOfFewFiles({ warn }, 20_000, 1_024);
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ openFiles: 1_024, maxConnections: 20_000 }),
      'fewer files may be open than connections are allowed',
    );
  });

  it('are not mentioned when there are enough', () => {
    const warn = vi.fn();
    warnOfFewFiles({ warn }, 20_000, 20_000);
    warnOfFewFiles({ warn }, 20_000, Infinity);
    expect(warn).not.toHaveBeenCalled();
  });
});
