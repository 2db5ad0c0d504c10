/**
 * Loaded into a process of the bench with `--import`: on SIGUSR2 it collects garbage, a few times, and writes what is left to
 * the file that BENCH_MEMORY_FILE names, one line of JSON.
 */
import { appendFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

/** Freed pages go back to the system in the background, and what one collection found, the next one moves together. */
const SETTLE_MS = 500;
const COLLECTIONS = 3;

process.on('SIGUSR2', async () => {
  for (let i = 0; i < COLLECTIONS; i++) {
    collectGarbage();
    await sleep(SETTLE_MS);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  appendFileSync(
    `${process.env.BENCH_MEMORY_FILE}.${process.pid}`,
    `${JSON.stringify({ heapUsed, external, rss })}\n`,
  );
});
