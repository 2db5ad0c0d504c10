import { connectRpc } from '@parley/contracts';
import { describe, expect, it } from 'vitest';
import { nextBatch } from './lane-batch.js';
import type { LaneJob } from './lane-job.js';
import { item } from './testing/stream-items.js';

const job = (...args: Parameters<typeof item>): LaneJob => {
  const made = item(...args);
  const nothing = () => undefined;
  return { item: made, bytes: made.entry.body.length, done: nothing, stale: nothing, letGoOfBody: nothing };
};

describe('nextBatch', () => {
  it('takes the entries in order, with the fence of each shard', () => {
    const jobs = [job(1, 1, { fence: 3 }), job(2, 1, { fence: 4 }), job(11, 1, { fence: 3 })];
    const queue = [...jobs];
    const batch = nextBatch(queue);
    expect(batch.jobs).toEqual(jobs);
    expect(batch.request).toEqual({
      fences: [
        [1, 3],
        [2, 4],
      ],
      entries: jobs.map(({ item: { entry } }) => entry),
      upTo: [],
      partial: true,
    });
    expect(queue).toEqual([]);
  });

  it('takes 512 entries at the most', () => {
    const queue = Array.from({ length: 513 }, (_, i) => job(1, i + 1));
    const batch = nextBatch(queue);
    expect(batch.jobs).toHaveLength(512);
    expect(connectRpc.deliver.request.safeParse(batch.request).error).toBeUndefined();
    expect(queue.map(({ item: { entry } }) => entry.seq)).toEqual([513]);
  });

  it('ends with the entry that fills it', () => {
    const body = 'x'.repeat(256 * 1024);
    const queue = [1, 2, 3].map((seq) => job(1, seq, { body }));
    expect(nextBatch(queue).jobs).toHaveLength(2);
    expect(nextBatch(queue).jobs).toHaveLength(1);
    // One character less leaves room for one more.
    const bodies = [body, body.slice(1), '{'];
    expect(nextBatch(bodies.map((text, i) => job(1, i + 1, { body: text }))).jobs).toHaveLength(3);
  });

  it('takes one entry however large it is', () => {
    const queue = [1, 2].map((seq) => job(1, seq, { body: 'x'.repeat(600 * 1024) }));
    expect(nextBatch(queue).jobs).toHaveLength(1);
  });

  it('asks for the last position of each room that has been hinted, and hands over the rest', () => {
    const direct = job(3, 1, { recipients: [8, 9] });
    const queue = [
      job(1, 1, { hinted: true }),
      job(2, 7, { hinted: true, epoch: 'e2' }),
      direct,
      job(1, 2, { hinted: true }),
      job(2, 8),
    ];
    const batch = nextBatch(queue);
    expect(batch.jobs).toHaveLength(5);
    expect(batch.request.entries.map(({ roomId, seq }) => [roomId, seq])).toEqual([
      [3, 1],
      [2, 8],
    ]);
    expect(batch.request.upTo).toEqual([
      { roomId: 1, seq: 2, epoch: 'e1' },
      { roomId: 2, seq: 7, epoch: 'e2' },
    ]);
    expect(connectRpc.deliver.request.safeParse(batch.request).error).toBeUndefined();
  });

  it('names the newest fence of a shard', () => {
    const queue = [job(1, 1, { fence: 3 }), job(1, 2, { fence: 4 })];
    expect(nextBatch(queue).request.fences).toEqual([[1, 4]]);
  });
});
