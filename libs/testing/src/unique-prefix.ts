import { randomBytes } from 'node:crypto';

/**
 * A Redis key prefix nobody else uses: tests share a server and never flush it.
 *
 * @param name - Kept for whoever looks at the keys; characters with a meaning in keys become `-`.
 * @returns For example `t-9f86d081884c-resume:`.
 */
export function uniquePrefix(name?: string): string {
  const label = name ? `-${name.replaceAll(/[^A-Za-z0-9_.-]+/g, '-')}` : '';
  return `t-${randomBytes(6).toString('hex')}${label}:`;
}
