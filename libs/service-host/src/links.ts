import type { CommonConfig } from '@parley/config';
import { LinkFolder } from '@parley/rpc';
import { resolve } from 'node:path';

/**
 * Where this process and others of its machine have the sockets by which they call each other. Without such a folder calls go
 * through Redis, as they do with `linkDir: off`.
 *
 * @param onError - Told why the folder that was set cannot be used. That there is none by default is no mistake: a container
 *   whose files are read-only has nobody to share it with.
 */
export function linksOf(
  { linkDir, root }: Pick<CommonConfig, 'linkDir' | 'root'>,
  onError: (error: unknown) => void = () => undefined,
): LinkFolder | undefined {
  if (linkDir === 'off') return undefined;
  try {
    return LinkFolder.open(linkDir && resolve(root, linkDir));
  } catch (error) {
    if (linkDir !== undefined) onError(error);
    return undefined;
  }
}
