import { Redis } from 'ioredis';
import { startRedis } from './redis-harness.js';

/** A Redis to be used, not broken: others may be using it. Take a `uniquePrefix()`, never flush. */
export interface SharedRedis {
  readonly url: string;
  /** Ends it if this process started it. Call it in `afterAll`. */
  stop(): Promise<void>;
}

let shared: Promise<SharedRedis> | undefined;

/**
 * The Redis of this test file: the one at `REDIS_URL`, else one started on first use.
 *
 * @throws {Error} when `REDIS_URL` is set and nobody answers there (it is never ignored), or when
 *   there is no `redis-server` on PATH. There is no skipping.
 */
export function sharedRedis(): Promise<SharedRedis> {
  shared ??= connectOrStart();
  return shared;
}

async function connectOrStart(): Promise<SharedRedis> {
  const url = process.env['REDIS_URL'];
  if (!url) {
    const own = await startRedis();
    return {
      url: own.url,
      stop: async () => {
        shared = undefined;
        await own.stop();
      },
    };
  }
  const probe = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: 5_000,
  });
  // Without a listener ioredis prints connection errors; the rejection below carries them.
  let reason: Error | undefined;
  probe.on('error', (error: Error) => (reason = error));
  try {
    await probe.connect();
    await probe.ping();
  } catch (error) {
    // The URL may hold a password: it is not repeated.
    throw new Error(`REDIS_URL is set, but no Redis answers there: ${(reason ?? (error as Error)).message}`, {
      cause: error,
    });
  } finally {
    probe.disconnect();
  }
  return { url, stop: async () => undefined };
}
