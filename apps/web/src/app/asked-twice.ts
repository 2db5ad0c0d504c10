import { ApiError } from '@parley/client';

/**
 * Asks once more when no answer came, for what the server answers again when it was done. A guest has ten seconds to hear of the
 * session that goes with another name.
 */
export async function askedTwice<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ApiError && error.status === 0) return ask();
    throw error;
  }
}
