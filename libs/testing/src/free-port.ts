import { createServer } from 'node:net';

/**
 * Where ports are drawn from. Below what Linux (32768), macOS and Windows (49152) give to outgoing connections and to port 0:
 * one from there may be another process's at any moment.
 */
const [LOWEST, HIGHEST] = [10_240, 32_767];
const ATTEMPTS = 50;

/**
 * A TCP port on 127.0.0.1 that nobody listens on right now, drawn at random: two who ask at the same time hardly get the same.
 *
 * Somebody may still take it before you do: prefer port 0 where the server can tell what it got.
 *
 * @throws {Error} with the reason of the last one, when none of many could be had.
 */
export async function freePort(): Promise<number> {
  let reason: unknown;
  for (let i = 0; i < ATTEMPTS; i++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST + 1));
    try {
      await listenOnce(port);
      return port;
    } catch (error) {
      reason = error;
    }
  }
  throw new Error('found no free port', { cause: reason });
}

async function listenOnce(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}
