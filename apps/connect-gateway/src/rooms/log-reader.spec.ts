import type { LogEntry } from '@parley/redis';
import { expect, it } from 'vitest';
import { LogReader, MAX_READ, READS_AT_ONCE } from './log-reader.js';

// A wave of members who came back read as many hundreds of messages at once as there were members.
it('reads sixteen logs at a time, a hundred messages of each, and goes on after one that failed', async () => {
  const under: { count: number; answer: (fails: boolean) => void }[] = [];
  const reader = new LogReader({
    range: (_roomId, _from, _to, count) =>
      new Promise<LogEntry[]>((resolve, reject) =>
        under.push({ count, answer: (fails) => (fails ? reject(new Error('away')) : resolve([])) }),
      ),
  });
  const reads = Array.from({ length: READS_AT_ONCE + 2 }, () =>
    reader.range(7, 1, 500).catch(() => 'failed'),
  );
  await Promise.resolve();
  expect(under).toHaveLength(READS_AT_ONCE);
  expect(under[0]?.count).toBe(MAX_READ);
  under[0]?.answer(true);
  await reads[0];
  await new Promise((resolve) => setImmediate(resolve));
  expect(under).toHaveLength(READS_AT_ONCE + 1);
  for (let i = 1; i < READS_AT_ONCE + 2; i++) {
    under[i]?.answer(false);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await Promise.all(reads)).filter((read) => read === 'failed')).toHaveLength(1);
  void reader.range(7, 1, 500);
  expect(under).toHaveLength(READS_AT_ONCE + 3);
});
