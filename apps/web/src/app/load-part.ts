import { ApiError } from '@parley/client';

/**
 * Loads a part of the site that is not needed from the start. May be called again: browsers do not keep that it failed.
 *
 * @throws {ApiError} `NETWORK`
 */
export async function loadPart<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new ApiError(0, 'NETWORK', true, undefined, { cause });
  }
}
