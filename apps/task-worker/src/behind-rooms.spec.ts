import { connectRpc } from '@parley/contracts';
import { describe, expect, it } from 'vitest';
import { BehindRooms } from './behind-rooms.js';
import type { LaneJob } from './lane-job.js';
import { item } from './testing/stream-items.js';

const job = (...args: Parameters<typeof item>): LaneJob => {
  const nothing = () => undefined;
  return { item: item(...args), bytes: 1, done: nothing, stale: nothing, letGoOfBody: nothing };
};
const behind = (jobs: readonly LaneJob[]) => {
  const rooms = new BehindRooms();
  for (const one of jobs) rooms.add(one, 0);
  return rooms;
};

describe('BehindRooms', () => {
  it('stands for all with the last position of each room and its recipients, and keeps no body', () => {
    const rooms = behind([
      job(1, 5),
      job(2, 7, { recipients: [8, 9], fence: 2 }),
      job(1, 6),
      job(2, 8, { recipients: [8, 9], fence: 2 }),
      job(1, 101, { epoch: 'e2' }),
    ]);
    expect(rooms.size).toBe(5);
    const batch = rooms.next(0);
    expect(batch?.jobs).toHaveLength(5);
    expect(new Set(batch?.jobs.map((one) => one.item.entry.body))).toEqual(new Set(['{']));
    expect(batch?.request).toEqual({
      fences: [
        [1, 1],
        [2, 2],
      ],
      entries: [],
      upTo: [
        { roomId: 1, seq: 101, epoch: 'e2' },
        { roomId: 2, seq: 8, epoch: 'e1', recipients: [8, 9] },
      ],
      partial: true,
    });
    expect(rooms.next(0)).toBeUndefined();
  });

  it('names 512 rooms in a call, however many messages they have, and the next in another', () => {
    const ids = Array.from({ length: 512 }, (_, i) => i + 1);
    const rooms = behind([
      ...[1, 2].flatMap((seq) => ids.map((roomId) => job(roomId, seq))),
      job(513, 1),
      job(1, 3),
    ]);
    const batch = rooms.next(0);
    expect(batch?.jobs).toHaveLength(1_025);
    expect(batch?.request.upTo.map(({ roomId, seq }) => [roomId, seq])).toEqual(
      ids.map((id) => [id, id === 1 ? 3 : 2]),
    );
    expect(connectRpc.deliver.request.safeParse(batch?.request).error).toBeUndefined();
    expect(rooms.next(0)?.request.upTo.map(({ roomId }) => roomId)).toEqual([513]);
  });

  // A shard lost and won again is read from its oldest pending entry: the position went back, yet all was acknowledged.
  it('names the highest seq of a room, whatever the order', () => {
    expect(behind([job(1, 6), job(1, 5)]).next(0)?.request.upTo).toEqual([
      { roomId: 1, seq: 6, epoch: 'e1' },
    ]);
  });

  it('waits longer after each failure, up to a second, and not at all for what came meanwhile', () => {
    const rooms = behind([job(1, 1)]);
    let now = 0;
    for (const waitMs of [50, 100, 200, 400, 800, 1_000, 1_000]) {
      const batch = rooms.next(now);
      if (batch) rooms.answered(batch, batch.jobs, now);
      expect(rooms.waitMs(now)).toBe(waitMs);
      expect(rooms.next(now + waitMs - 1)).toBeUndefined();
      now += waitMs;
    }
    const batch = rooms.next(now);
    rooms.add(job(1, 2), now);
    if (batch) rooms.answered(batch, [], now);
    expect(rooms.next(now)?.request.upTo).toMatchObject([{ seq: 2 }]);
  });

  it('waits as for the first time after a success, although more had come meanwhile', () => {
    const rooms = behind([job(1, 1)]);
    const fails = () => {
      const batch = rooms.next(0);
      if (!batch) throw new Error('not due');
      rooms.answered(batch, batch.jobs, -10_000);
    };
    fails();
    fails();
    const batch = rooms.next(0);
    rooms.add(job(1, 2), 0);
    if (batch) rooms.answered(batch, [], 0);
    const last = rooms.next(0);
    if (last) rooms.answered(last, last.jobs, 0);
    expect(rooms.waitMs(0)).toBe(50);
    expect(rooms.size).toBe(1);
  });

  it('takes an answer that comes when everything was let go of for none', () => {
    const rooms = behind([job(1, 1)]);
    const batch = rooms.next(0);
    rooms.clear();
    if (batch) rooms.answered(batch, batch.jobs, 0);
    expect([rooms.size, rooms.isEmpty, rooms.waitMs(0)]).toEqual([0, true, undefined]);
  });

  it('waits for the first that is due among those that are not asked for', () => {
    const rooms = new BehindRooms();
    expect(rooms.waitMs(0)).toBeUndefined();
    for (const [roomId, dueAt] of [
      [1, 20],
      [2, 10],
      [3, 30],
    ] as const)
      rooms.add(job(roomId, 1), dueAt);
    expect([rooms.waitMs(0), rooms.waitMs(15)]).toEqual([10, 0]);
    expect(rooms.next(10)?.request.upTo).toMatchObject([{ roomId: 2 }]);
    expect(rooms.waitMs(10)).toBe(10);
    rooms.next(30);
    expect([rooms.waitMs(30), rooms.isEmpty]).toEqual([undefined, false]);
    // Those under way are their call's.
    expect([rooms.size, rooms.clear(), rooms.isEmpty]).toEqual([0, [], true]);
  });
});
