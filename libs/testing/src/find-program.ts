import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Looks a program up on PATH.
 *
 * @param names - The first one that is found counts.
 * @param moreDirs - Searched after PATH.
 * @returns Its full path; undefined when it is nowhere.
 */
export function findProgram(names: readonly string[], moreDirs: readonly string[] = []): string | undefined {
  const dirs = [...(process.env['PATH'] ?? '').split(delimiter), ...moreDirs];
  return names.flatMap((name) => dirs.map((dir) => join(dir, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
