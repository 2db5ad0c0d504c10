import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { LinkFolder } from './link-folder.js';

/** An empty folder of this test's, as its path; removed when it ends. */
export function emptyFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'links-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A folder for links that no other test uses. */
export function linkFolder(): LinkFolder {
  const folder = LinkFolder.open(emptyFolder());
  if (!folder) throw new Error('this system has no Unix sockets');
  return folder;
}
