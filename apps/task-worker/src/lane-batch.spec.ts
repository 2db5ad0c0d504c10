import { connectRpc } from '@parley/contracts';
import { describe, expect, it } from 'vitest';
import { collapse, nextBatch, type LaneJob } from './lane-batch.js';
import { item } from './testing/stream-items.js';

const job = (...args: Parameters<typeof item>): LaneJob => ({
  item: item(...args),
  done: () => undefined,
  stale: () => undefined,
});

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

  it('names the newest fence of a shard', () => {
    const queue = [job(1, 1, { fence: 3 }), job(1, 2, { fence: 4 })];
    expect(nextBatch(queue).request.fences).toEqual([[1, 4]]);
  });
});

describe('collapse', () => {
  it('stands for the whole queue with the last position of each room and its recipients', () => {
    const queue = [
      job(1, 5),
      job(2, 7, { recipients: [8, 9], fence: 2 }),
      job(1, 6),
      job(2, 8, { recipients: [8, 9], fence: 2 }),
      job(1, 101, { epoch: 'e2' }),
    ];
    const batch = collapse(queue);
    expect(queue).toEqual([]);
    expect(batch.jobs).toHaveLength(5);
    expect(batch.request).toEqual({
      fences: [
        [1, 1],
        [2, 2],
      ],
      entries: [],
      upTo: [
        { roomId: 1, seq: 101, epoch: 'e2' },
        { roomId: 2, seq: 8, epoch: 'e1', recipients: [8, 9] },
      ],
    });
  });

  it('stands for 512 rooms, however many messages they have, and leaves the next room for another call', () => {
    const rooms = Array.from({ length: 512 }, (_, i) => i + 1);
    const queue = [1, 2].flatMap((seq) => rooms.map((roomId) => job(roomId, seq)));
    const rest = [job(513, 1), job(1, 3)];
    queue.push(...rest);
    const batch = collapse(queue);
    expect(batch.jobs).toHaveLength(1_024);
    expect(batch.request.upTo.map(({ roomId, seq }) => [roomId, seq])).toEqual(rooms.map((id) => [id, 2]));
    expect(connectRpc.deliver.request.safeParse(batch.request).error).toBeUndefined();
    expect(queue).toEqual(rest);
    expect(collapse(queue).request.upTo.map(({ roomId }) => roomId)).toEqual([513, 1]);
  });

  // A shard lost and won again is read from its oldest pending entry: the position went back, yet all was acknowledged.
  it('names the highest seq of a room, whatever the order', () => {
    expect(collapse([job(1, 6), job(1, 5)]).request.upTo).toEqual([{ roomId: 1, seq: 6, epoch: 'e1' }]);
  });
});
