import type { RedisConnections } from './connections.js';
import type { RedisKeys } from './keys.js';
import { whyRefused } from './primary.js';

/** A write that has not been answered by then counts as failed, milliseconds: below the time of a health check. */
const ANSWER_WITHIN_MS = 900;
/** Life of the key that is written, milliseconds. */
const KEY_TTL_MS = 60_000;

/**
 * Whether Redis takes a write of this process now: a server that answers PING may be a replica, full, or unable to write
 * its files, and every send would fail.
 *
 * @returns True, or why not, in constant words.
 */
export async function checkWrite(
  connections: RedisConnections,
  keys: RedisKeys,
  instanceId: string,
): Promise<true | string> {
  const { main } = connections;
  // Without a connection a command would only wait, and be sent when nobody wants it any more.
  if (main.status !== 'ready') return connections.outOfUse ?? 'not connected';
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(connections.outOfUse ?? 'does not answer'), ANSWER_WITHIN_MS);
  });
  try {
    const written = main.set(keys.writeCheck(instanceId), 1, 'PX', KEY_TTL_MS).then(
      () => true as const,
      (error: Error) => whyRefused(error.message),
    );
    return await Promise.race([written, silence]);
  } finally {
    clearTimeout(timer);
  }
}
