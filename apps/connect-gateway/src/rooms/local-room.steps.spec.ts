import { afterEach, describe, expect, it, vi } from 'vitest';
import { entry } from '../testing/fake-room-log.js';
import {
  holdReads,
  MAX_OUTBOUND_BYTES,
  MAX_TAKEN_BYTES,
  numbers,
  ROOM,
  settle,
  setUp,
  turn,
} from '../testing/local-room.fixture.js';

afterEach(() => void vi.useRealTimers());

/** A room in which a flush takes several turns. */
async function setUpLarge() {
  const test = setUp();
  const members = numbers(1, 300).map(() => test.join());
  await settle();
  return { ...test, members };
}

describe('what was accepted here', () => {
  it('is read for each time that it does not come', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { log, room, join } = setUp();
    const member = join();
    for (const seq of [2, 4]) {
      log.append(2);
      room.expect({ seq, epoch: 'e1' });
      expect(room.isQuiet).toBe(false);
      await vi.advanceTimersByTimeAsync(500);
      await settle();
      expect(room.isQuiet).toBe(true);
    }
    expect([member.seen, log.reads]).toEqual([
      [1, 2, 3, 4],
      ['1-2', '3-4'],
    ]);
  });

  it('is read for again when it could not be read, and is accepted again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { log, room, join } = setUp();
    const member = join();
    log.append(1);
    log.failures = 1;
    for (let i = 0; i < 2; i++) {
      room.expect({ seq: 1, epoch: 'e1' });
      await vi.advanceTimersByTimeAsync(500);
      await settle();
    }
    expect(member.seen).toEqual([1]);
  });
});

describe('a room', () => {
  it('is used by what is delivered and by what is pulled', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { log, room } = setUp();
    log.append(2);
    for (const use of [() => room.deliver(log.slice(1, 1)), () => room.pullTo({ seq: 2, epoch: 'e1' })]) {
      vi.advanceTimersByTime(1_000);
      await use();
      expect(room.usedAt).toBe(performance.now());
    }
  });

  it('is not quiet while it is written to its members', async () => {
    const { log, room } = await setUpLarge();
    await room.deliver(log.append(1));
    expect(room.isQuiet).toBe(false);
    await settle();
    expect(room.isQuiet).toBe(true);
  });

  it('keeps no recent messages of a flush that ends after it', async () => {
    const { log, room, recent } = await setUpLarge();
    await room.deliver(log.append(1));
    room.close();
    await settle();
    expect([room.delivered, recent.usedBytes]).toEqual([1, 0]);
  });

  it('is in its epoch until all of that is written', async () => {
    const { log, room, members } = await setUpLarge();
    await room.deliver(log.append(1));
    const pulling = room.pullTo({ seq: 100, epoch: 'e2' });
    // All but what is written in later turns.
    for (let i = 0; i < 20; i++) await Promise.resolve();
    expect([room.delivered, room.epoch]).toEqual([0, 'e1']);
    await pulling;
    await settle();
    expect(members.every(({ seen }) => seen.join() === '1,resync 2-100 epoch')).toBe(true);
    expect(room.epoch).toBe('e2');
  });

  it('announces nothing to who has left meanwhile', async () => {
    const { room, members } = await setUpLarge();
    room.announce('count', '{"op":4}');
    const leaver = members.find(({ writes }) => writes.length === 0)!;
    room.remove(leaver);
    await settle();
    expect(members.filter(({ writes }) => writes.length === 1)).toHaveLength(299);
    expect(leaver.writes).toEqual([]);
  });
});

describe('a gap', () => {
  it('is told also to a member whose socket is full', async () => {
    const { log, room, join } = setUp();
    const slow = join();
    await room.deliver(log.append(1));
    slow.bufferedBytes = MAX_OUTBOUND_BYTES + 1;
    log.append(600);
    await room.deliver(log.append(1));
    slow.drain();
    await settle();
    expect(slow.seen).toEqual([1, 'resync 2-601 gap', 602]);
  });

  it('is not told to who has left meanwhile', async () => {
    const { log, room, members } = await setUpLarge();
    log.append(600);
    const delivering = room.deliver(log.append(1));
    await turn();
    const leaver = members.find(({ writes }) => writes.length === 0)!;
    room.remove(leaver);
    await delivering;
    await settle();
    expect(leaver.writes).toEqual([]);
  });

  it('is not filled with what is of another epoch', async () => {
    const { log, room, join } = setUp();
    const member = join();
    await room.deliver(log.append(2));
    log.append(1, 'e0');
    await room.deliver([entry(ROOM, 4)]);
    expect(member.seen).toEqual([1, 2, 'resync 3-3 gap', 4]);
  });

  it('ends what was recent: whoever comes back from before it reads the rest himself', async () => {
    const { log, room, join } = setUp();
    await room.deliver(log.append(3));
    log.append(7);
    log.trim(10);
    await room.deliver(log.append(1));
    const member = join(2);
    await settle();
    expect(member.seen).toEqual(['resync 3-11 slow']);
  });

  it('is read no faster than it is written, when it is large', async () => {
    const { log, room, taken } = await setUpLarge();
    log.append(400);
    const range = log.store.range.bind(log.store);
    log.store.range = async (...args) =>
      (await range(...args)).map((one) => ({ ...one, body: `${one.body},"x":"${'x'.repeat(3_000)}"` }));
    let most = 0;
    const add = taken.add.bind(taken);
    taken.add = (bytes) => {
      add(bytes);
      most = Math.max(most, taken.usedBytes);
    };
    await room.pullTo({ seq: 400, epoch: 'e1' });
    // Of what may be taken, and one read.
    expect(most).toBeLessThan(MAX_TAKEN_BYTES + 100 * 3_100);
  });
});

describe('a catch-up that fails', () => {
  it('is tried again as often as it takes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { log, join } = setUp({ seq: 5, epoch: 'e1' });
    log.append(5);
    log.failures = 3;
    const member = join(3);
    for (let i = 0; i < 3; i++) {
      await settle();
      expect(member.seen).toEqual([]);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    await settle();
    expect(member.seen).toEqual([4, 5]);
  });

  it('is not tried again for who has left meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { log, room, join } = setUp({ seq: 5, epoch: 'e1' });
    log.append(5);
    const open = holdReads(log);
    const { delay } = log;
    log.delay = async () => {
      await delay();
      throw new Error('away');
    };
    const member = join(3);
    await turn();
    room.remove(member);
    open();
    await settle();
    expect(vi.getTimerCount()).toBe(0);
  });
});
