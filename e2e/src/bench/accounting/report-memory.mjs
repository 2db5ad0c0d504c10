/**
 * Loaded into a process of the bench with `--import`: on SIGUSR2 it collects garbage and writes what is left to
 * the file that BENCH_MEMORY_FILE names, one line of JSON.
 */
import { appendFileSync } from 'node:fs';
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

process.on('SIGUSR2', () => {
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  appendFileSync(
    `${process.env.BENCH_MEMORY_FILE}.${process.pid}`,
    `${JSON.stringify({ heapUsed, external, rss })}\n`,
  );
});
