import { describe, expect, it, vi } from 'vitest';
import { FakeConnection } from '../testing/fake-connection.js';
import { entry } from '../testing/fake-room-log.js';
import {
  holdReads,
  MAX_OUTBOUND_BYTES,
  numbers,
  ROOM,
  settle,
  setUp,
  turn,
} from '../testing/local-room.fixture.js';

describe('delivery', () => {
  it('writes one identical buffer per transport and flush, encoded once per message', async () => {
    const { log, room, onDelivered } = setUp();
    const encoded = vi.fn();
    const members = [1, 2, 3, 4].map(
      (userId) =>
        new FakeConnection(userId, userId % 2 === 0 ? 'ws' : 'tcp', (m) => encoded(userId % 2, m.seq)),
    );
    for (const member of members) room.resume(room.add(member, 0));
    await settle();

    await room.deliver(log.append(3));

    for (const member of members) {
      expect(member.writes).toHaveLength(1);
      expect(member.seen).toEqual([1, 2, 3]);
    }
    const [a, b, c, d] = members.map(({ writes }) => writes[0]);
    expect(c).toBe(a);
    expect(d).toBe(b);
    expect(encoded).toHaveBeenCalledTimes(6);
    expect(new Set(encoded.mock.calls.map(String)).size).toBe(6);
    expect(onDelivered.mock.calls).toEqual([
      [{ roomId: ROOM, seq: 3, messages: 3, members: 4, tookMs: expect.any(Number) }],
    ]);
  });

  it('drops what was delivered before', async () => {
    const { log, room, join } = setUp();
    const member = join();
    const sent = log.append(3);
    await room.deliver(sent);
    await room.deliver([...sent, ...log.append(1), ...sent]);
    expect(member.seen).toEqual([1, 2, 3, 4]);
  });

  // After a worker was killed, what was acknowledged waited for the lease of its shards, or the second position check.
  it('reads what was accepted here from the log when it is not dispatched in time, once', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      const { log, room, join } = setUp();
      const member = join();
      for (const { seq, epoch } of log.append(3)) room.expect({ seq, epoch });
      await vi.advanceTimersByTimeAsync(400);
      expect(log.reads).toEqual([]);
      await vi.advanceTimersByTimeAsync(200);
      await settle();
      expect(member.seen).toEqual([1, 2, 3]);
      expect(log.reads).toEqual(['1-3']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('reads nothing for an accepted message that comes in time, or has come before its ack', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      const { log, room, join } = setUp();
      const member = join();
      const [first, second] = log.append(2);
      room.expect({ seq: 1, epoch: 'e1' });
      await room.deliver([first!, second!]);
      room.expect({ seq: 2, epoch: 'e1' });
      await vi.advanceTimersByTimeAsync(5_000);
      await settle();
      expect(member.seen).toEqual([1, 2]);
      expect(log.reads).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('fills a gap from the log before the later message', async () => {
    const { log, room, join } = setUp();
    const member = join();
    const sent = log.append(5);
    await room.deliver([sent[0]!, sent[4]!]);
    expect(member.seen).toEqual([1, 2, 3, 4, 5]);
    expect(log.reads).toEqual(['2-4']);
  });

  it('handles deliveries one after another although the first waits for the log', async () => {
    const { log, room, join } = setUp();
    const member = join();
    const sent = log.append(5);
    const open = holdReads(log);
    const first = room.deliver([sent[2]!]);
    const second = room.deliver([sent[3]!, sent[4]!]);
    await turn();
    expect(member.seen).toEqual([]);
    open();
    await Promise.all([first, second]);
    expect(member.seen).toEqual([1, 2, 3, 4, 5]);
  });

  it.each([
    { what: 'is longer than 500', missing: 501, trimmed: 0 },
    { what: 'is not in the log any more', missing: 10, trimmed: 10 },
    { what: 'is in the log in part', missing: 10, trimmed: 4 },
  ])('tells every member to read a gap that $what', async ({ missing, trimmed }) => {
    const { log, room, join } = setUp();
    const members = [join(), join()];
    log.append(missing);
    log.trim(trimmed);
    await room.deliver(log.append(2));
    for (const member of members)
      expect(member.seen).toEqual([`resync 1-${missing} gap`, missing + 1, missing + 2]);
  });

  it('reads a gap of 500 from the log', async () => {
    const { log, room, join } = setUp();
    const member = join();
    log.append(500);
    await room.deliver(log.append(1));
    expect(member.seen).toEqual(numbers(1, 501));
  });

  it('rejects when the log cannot be read, and loses and repeats nothing when asked again', async () => {
    const { log, room, join } = setUp();
    const member = join();
    const sent = log.append(6);
    const request = [sent[0]!, sent[1]!, sent[4]!, sent[5]!];
    log.failures = 1;
    await expect(room.deliver(request)).rejects.toThrow('log cannot be read');
    await room.deliver(request);
    expect(member.seen).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('pulls up to a position from the log', async () => {
    const { log, room, join } = setUp();
    const member = join();
    log.append(4);
    await room.pullTo({ seq: 4, epoch: 'e1' });
    await room.pullTo({ seq: 2, epoch: 'e1' });
    expect(member.seen).toEqual([1, 2, 3, 4]);
  });
});

describe('epochs', () => {
  it('tells of a new epoch, then is live in it, and drops stragglers of the old one', async () => {
    const { log, room, join, onResync } = setUp();
    const member = join();
    const old = log.append(3);
    await room.deliver(old.slice(0, 2));
    await room.deliver(log.append(2, 'e2', 101));
    await room.deliver([old[2]!]);
    expect(member.seen).toEqual([1, 2, 'resync 3-100 epoch', 101, 102]);
    expect(member.frames[2]?.epoch).toBe('e2');
    expect(room.position).toEqual({ seq: 102, epoch: 'e2' });
    expect(onResync.mock.calls).toEqual([['epoch', 1]]);
  });

  it('goes on from the position of a new epoch that is pulled', async () => {
    const { log, room, join } = setUp();
    const member = join();
    await room.pullTo({ seq: 100, epoch: 'e2' });
    await room.deliver(log.append(1, 'e2', 101));
    expect(member.seen).toEqual(['resync 1-100 epoch', 101]);
  });
});

// A position read before the epoch changed set the room back to the old one: its members were told of it as a new one, and
// everything sent since was dropped as old.
describe('a late position of an earlier epoch', () => {
  const e1 = { seq: 3, epoch: 'e1' };
  const setUpInSecond = async (floor = 100) => {
    const test = setUp();
    const member = test.join();
    await test.room.deliver(test.log.append(3));
    await test.room.pullTo({ seq: floor, epoch: 'e2' });
    member.writes.length = 0;
    return { ...test, member };
  };

  it.each([3, 100])('is ignored where the new one began at %i', async (floor) => {
    const { log, room, member } = await setUpInSecond(floor);
    await room.pullTo(e1);
    expect(room.position).toEqual({ seq: floor, epoch: 'e2' });
    await room.deliver(log.append(2, 'e2', floor + 1));
    await Promise.all([room.pullTo(e1), room.deliver([entry(ROOM, 3, 'e1')])]);
    await room.deliver(log.append(1, 'e2'));
    expect(member.seen).toEqual([floor + 1, floor + 2, floor + 3]);
  });

  it('is ignored by what was accepted here', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      const { room, log, member } = await setUpInSecond();
      room.expect(e1);
      room.expect({ seq: 100, epoch: 'e1' });
      await vi.advanceTimersByTimeAsync(1_000);
      await settle();
      expect([room.position, member.seen, log.reads]).toEqual([{ seq: 100, epoch: 'e2' }, [], []]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('leaves the room open for the epoch after', async () => {
    const { room, log, member } = await setUpInSecond();
    await room.pullTo(e1);
    await room.deliver(log.append(1, 'e3', 201));
    expect(member.seen).toEqual(['resync 101-200 epoch', 201]);
  });
});

describe('slow members', () => {
  it('stops writing to a full socket only, and replays a short gap when it has drained', async () => {
    const { log, room, join } = setUp();
    const [slow, other] = [join(), join()];
    await room.deliver(log.append(1));
    slow.bufferedBytes = MAX_OUTBOUND_BYTES + 1;
    await room.deliver(log.append(2));
    await room.deliver(log.append(2));
    expect(slow.seen).toEqual([1]);
    expect(other.seen).toEqual([1, 2, 3, 4, 5]);
    slow.drain();
    await settle();
    await room.deliver(log.append(1));
    expect(slow.seen).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('is written to up to the bound', async () => {
    const { log, room, join } = setUp();
    const member = join();
    await settle();
    member.bufferedBytes = MAX_OUTBOUND_BYTES;
    await room.deliver(log.append(1));
    expect(member.seen).toEqual([1]);
  });

  it('collapses a long gap to one resync, then is live', async () => {
    const { log, room, join, onSlow, onResync } = setUp();
    const slow = join();
    await room.deliver(log.append(1));
    slow.bufferedBytes = MAX_OUTBOUND_BYTES + 1;
    await room.deliver(log.append(501));
    expect(slow.seen).toEqual([1]);
    slow.drain();
    await settle();
    await room.deliver(log.append(1));
    expect(slow.seen).toEqual([1, 'resync 2-502 slow', 503]);
    expect(slow.frames[1]).toMatchObject({ roomId: ROOM, epoch: 'e1', from: 2, to: 502, reason: 'slow' });
    expect(onSlow).toHaveBeenCalledTimes(1);
    expect(onResync.mock.calls).toEqual([['slow', 1]]);
  });

  it('does without announcements while its socket is full', async () => {
    const { room, join } = setUp();
    const [slow, other] = [join(), join()];
    slow.bufferedBytes = MAX_OUTBOUND_BYTES + 1;
    room.announce('count', '{"op":4}');
    expect(slow.writes).toHaveLength(0);
    expect(other.frames).toEqual([{ op: 4 }]);
  });
});

it('splits a flush of many bytes into several writes', async () => {
  const { room, join } = setUp();
  const member = join();
  await settle();
  const large = 'x'.repeat(40_000);
  await room.deliver(numbers(1, 4).map((seq) => entry(ROOM, seq, 'e1', large)));
  expect(member.writes).toHaveLength(2);
  expect(member.seen).toEqual([1, 2, 3, 4]);
});

describe('what ends with the room', () => {
  it('is its timers and its recent messages', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { log, room, join, recent } = setUp({ seq: 50, epoch: 'e1' });
      log.append(50);
      log.failures = 1;
      const member = join(40);
      await settle();
      room.remove(member);
      await room.deliver(log.append(1));
      expect(recent.usedBytes).toBeGreaterThan(0);
      room.expect({ seq: 60, epoch: 'e1' });
      room.close();
      expect([recent.usedBytes, vi.getTimerCount()]).toEqual([0, 0]);
    } finally {
      vi.useRealTimers();
    }
  });
});
