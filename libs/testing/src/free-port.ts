import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { onExit } from './at-exit.js';
import { isAlive } from './is-alive.js';

/**
 * Where ports are drawn from. Below what Linux (32768), macOS and Windows (49152) give to outgoing connections and to port 0:
 * one from there may be another process's at any moment.
 */
const [LOWEST, HIGHEST] = [10_240, 32_767];
const ATTEMPTS = 50;

/** A file for each port that a process of this user has drawn, with that process's id in it. */
const claims = join(tmpdir(), `parley-ports-${userInfo().uid}`);

/**
 * A TCP port on 127.0.0.1 that nobody listens on right now, drawn at random. As long as this process lives no other one draws it:
 * what listens there may end and come back.
 *
 * Who does not ask here may still take it: prefer port 0 where the server can tell what it got.
 *
 * @throws {Error} with the reason of the last one, when none of many could be had.
 */
export async function freePort(): Promise<number> {
  let reason: unknown;
  for (let i = 0; i < ATTEMPTS; i++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST + 1));
    try {
      claim(port);
      await listenOnce(port);
      return port;
    } catch (error) {
      reason = error;
    }
  }
  throw new Error('found no free port', { cause: reason });
}

/** @throws {Error} when somebody has claimed it, or had until he was killed: it may be had the next time then. */
function claim(port: number): void {
  const file = join(claims, String(port));
  mkdirSync(claims, { recursive: true });
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if (!isAlive(Number(readFileSync(file, 'utf8')))) rmSync(file, { force: true });
    throw error;
  }
  onExit(() => rmSync(file, { force: true }));
}

async function listenOnce(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}
