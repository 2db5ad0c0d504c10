import { describe, expect, it, onTestFinished, vi } from 'vitest';
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
import { MAX_REPLAY } from './catch-up.js';
import { MAX_READ } from './log-reader.js';

describe('members behind', () => {
  it('catches up from the recent messages, then is live', async () => {
    const { log, room, join } = setUp();
    join();
    await room.deliver(log.append(10));
    const member = join(4);
    await settle();
    await room.deliver(log.append(2));
    expect(member.seen).toEqual(numbers(5, 12));
    expect(log.reads).toEqual([]);
  });

  it('catches up from the log, then is live', async () => {
    const { log, room, join } = setUp({ seq: 250, epoch: 'e1' });
    log.append(250);
    const member = join(20);
    await settle();
    await room.deliver(log.append(2));
    expect(member.seen).toEqual(numbers(21, 252));
  });

  it('loses and repeats nothing when messages are delivered while it catches up', async () => {
    const { log, room, join } = setUp({ seq: 150, epoch: 'e1' });
    log.append(150);
    const open = holdReads(log);
    const member = join(0);
    await room.deliver(log.append(3));
    open();
    await settle();
    await room.deliver(log.append(1));
    expect(member.seen).toEqual(numbers(1, 154));
  });

  it('gives a member ahead of the room nothing twice', async () => {
    const { log, room, join } = setUp();
    const sent = log.append(6);
    const member = join(3);
    await room.deliver(sent.slice(0, 2));
    await room.deliver(sent.slice(2, 5));
    await room.deliver(sent.slice(5));
    expect(member.seen).toEqual([4, 5, 6]);
  });

  // A gap below its position set the member back, and what followed came twice.
  it('does not set a member ahead of the room back at a gap', async () => {
    const { log, room, join } = setUp();
    const sent = log.append(6);
    log.trim(2);
    const member = join(4);
    await room.deliver(sent.slice(2));
    expect(member.seen).toEqual([5, 6]);
  });

  it('collapses to one resync when what it lacks is not in the log', async () => {
    const { log, room, join } = setUp({ seq: 50, epoch: 'e1' });
    log.append(50);
    log.trim(20);
    const member = join(10);
    await settle();
    await room.deliver(log.append(1));
    expect(member.seen).toEqual(['resync 11-50 slow', 51]);
  });

  // A log read that came back after a gap's resync was written all the same: old messages, then everything once more.
  it('does not replay what a resync has covered meanwhile', async () => {
    const { log, room, join } = setUp({ seq: 50, epoch: 'e1' });
    log.append(50);
    const open = holdReads(log);
    const member = join(40);
    await turn();
    await room.deliver(log.append(1, 'e1', 600));
    open();
    await settle();
    await room.deliver(log.append(1));
    expect(member.seen).toEqual(['resync 41-599 gap', 600, 601]);
  });

  // The catch-up of the membership that a repeated join had replaced went on beside the new one.
  it('gives nothing twice to a connection that joins again while it catches up', async () => {
    const { log, room, join } = setUp({ seq: 50, epoch: 'e1' });
    log.append(50);
    const open = holdReads(log);
    const member = join(40);
    await turn();
    room.remove(member);
    join(45, member);
    open();
    await settle();
    expect(member.seen).toEqual(numbers(46, 50));
  });

  it('gives nothing to a connection that left while it caught up', async () => {
    const { log, room, join } = setUp({ seq: 50, epoch: 'e1' });
    log.append(50);
    const open = holdReads(log);
    const member = join(40);
    await turn();
    room.remove(member);
    open();
    await settle();
    expect(member.seen).toEqual([]);
  });

  // In a quiet room nothing tried again: the member was behind until somebody wrote.
  it('tries again by itself when the log cannot be read', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { log, join } = setUp({ seq: 50, epoch: 'e1' });
      log.append(50);
      log.failures = 1;
      const member = join(40);
      await settle();
      expect(member.seen).toEqual([]);
      await vi.advanceTimersByTimeAsync(2_000);
      await settle();
      expect(member.seen).toEqual(numbers(41, 50));
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a catch-up', () => {
  it('replays five hundred messages, and leaves one more for the client to read', async () => {
    const { log, room, join } = setUp({ seq: MAX_REPLAY + 1, epoch: 'e1' });
    log.append(MAX_REPLAY + 1);
    const [near, far] = [join(1), join(0)];
    await settle();
    expect(near.seen).toEqual(numbers(2, MAX_REPLAY + 1));
    expect(far.seen).toEqual([`resync 1-${MAX_REPLAY + 1} slow`]);
    expect(far.frames[0]).toMatchObject({ op: 24, roomId: ROOM, epoch: 'e1' });
    for (const member of [near, far]) expect(room.members.get(member)?.live).toBe(true);
  });

  it('reads the log a hundred messages at a time, from where it is up to where the room is', async () => {
    const { log, join } = setUp({ seq: 250, epoch: 'e1' });
    log.append(260);
    join(20);
    await settle();
    expect(log.reads).toEqual(['21-250', '121-250', '221-250']);
    expect(MAX_READ).toBe(100);
  });

  it.each([
    { what: 'has a hole', drop: 45, epochOf48: 'e1' },
    { what: 'is of another epoch in part', drop: 0, epochOf48: 'e2' },
  ])('leaves to the client what $what in the log', async ({ drop, epochOf48 }) => {
    const { log, join } = setUp({ seq: 50, epoch: 'e1' });
    log.append(50);
    const range = log.store.range.bind(log.store);
    log.store.range = async (...args) =>
      (await range(...args))
        .filter(({ seq }) => seq !== drop)
        .map((one) => (one.seq === 48 ? { ...one, epoch: epochOf48 } : one));
    const member = join(40);
    await settle();
    expect(member.seen).toEqual(['resync 41-50 slow']);
  });

  it('is one at a time, however often it is asked for', async () => {
    const { log, room, join } = setUp({ seq: 50, epoch: 'e1' });
    log.append(50);
    const open = holdReads(log);
    const member = join(40);
    for (let i = 0; i < 3; i++) room.drained(member);
    await turn();
    expect(log.reads).toEqual(['41-50']);
    open();
    await settle();
    room.drained(member);
    await settle();
    expect([member.seen, log.reads]).toEqual([numbers(41, 50), ['41-50']]);
  });

  it('reads nothing for a connection that is closed, or not in the room', async () => {
    const { log, room, join } = setUp({ seq: 50, epoch: 'e1' });
    log.append(50);
    const closed = new FakeConnection(1);
    closed.markClosed();
    join(40, closed);
    room.drained(new FakeConnection(2));
    await settle();
    expect([log.reads, closed.writes]).toEqual([[], []]);
  });

  it('ends for a connection that closes meanwhile', async () => {
    const { log, join } = setUp({ seq: 250, epoch: 'e1' });
    log.append(250);
    const open = holdReads(log);
    const member = join(0);
    await turn();
    member.markClosed();
    open();
    await settle();
    expect(log.reads).toHaveLength(1);
  });

  it('writes to a socket that is less than half full', async () => {
    const { log, room, join } = setUp();
    await room.deliver(log.append(3));
    const [half, less] = [new FakeConnection(1), new FakeConnection(2)];
    half.bufferedBytes = MAX_OUTBOUND_BYTES / 2;
    less.bufferedBytes = MAX_OUTBOUND_BYTES / 2 - 1;
    join(1, half);
    join(1, less);
    await settle();
    expect([half.seen, less.seen]).toEqual([[], [2, 3]]);
    half.drain();
    await settle();
    expect(half.seen).toEqual([2, 3]);
  });
});

describe('a socket that has drained is written to again', () => {
  it('after a catch-up that failed, before its next attempt, which then has nothing to do', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { log, join } = setUp({ seq: 50, epoch: 'e1' });
    log.append(50);
    log.failures = 1;
    const member = join(40);
    await settle();
    expect(log.reads).toHaveLength(1);
    member.drain();
    await settle();
    expect(member.seen).toEqual(numbers(41, 50));
    await vi.advanceTimersByTimeAsync(5_000);
    expect([member.seen, log.reads.length]).toEqual([numbers(41, 50), 2]);
  });

  it('while the log is read for it', async () => {
    const { log, room, join } = setUp({ seq: 50, epoch: 'e1' });
    log.append(50);
    const open = holdReads(log);
    const member = join(40);
    await turn();
    member.bufferedBytes = MAX_OUTBOUND_BYTES + 1;
    member.drain();
    open();
    await settle();
    await room.deliver(log.append(1));
    expect(member.seen).toEqual(numbers(41, 51));
  });

  it('after the read for it came while it was full', async () => {
    const { log, room, join } = setUp({ seq: 50, epoch: 'e1' });
    log.append(50);
    const open = holdReads(log);
    const member = join(40);
    await turn();
    member.bufferedBytes = MAX_OUTBOUND_BYTES + 1;
    open();
    await settle();
    expect(member.seen).toEqual([]);
    member.drain();
    await settle();
    await room.deliver(log.append(1));
    expect(member.seen).toEqual(numbers(41, 51));
  });

  it('while its room is flushed, and when a gap has covered what it lacked', async () => {
    const { log, room, join } = setUp();
    for (let i = 0; i < 300; i++) join();
    const slow = join();
    await settle();
    slow.bufferedBytes = MAX_OUTBOUND_BYTES + 1;
    await room.deliver(log.append(1));
    await settle();
    const delivering = room.deliver(log.append(1));
    await turn();
    slow.drain();
    await delivering;
    await settle();
    expect(slow.seen).toEqual([1, 2]);
    slow.bufferedBytes = MAX_OUTBOUND_BYTES + 1;
    await room.deliver(log.append(1));
    log.append(600);
    await room.deliver(log.append(1));
    slow.drain();
    await settle();
    await settle();
    await room.deliver(log.append(1));
    await settle();
    expect(slow.seen).toEqual([1, 2, 'resync 3-603 gap', 604, 605]);
  });

  it('in each of its rooms', async () => {
    const [a, b] = [setUp(), setUp()];
    const connection = new FakeConnection(1);
    a.join(0, connection);
    const other = b.room.add(connection, 0);
    connection.memberships.set(8, other);
    b.room.promote(other);
    connection.bufferedBytes = MAX_OUTBOUND_BYTES + 1;
    await a.room.deliver(a.log.append(1));
    await b.room.deliver(b.log.append(2));
    connection.memberships.set(ROOM, a.room.members.get(connection)!);
    connection.drain();
    await settle();
    expect(connection.seen).toEqual([1, 1, 2]);
  });
});

// A hundred messages were written at once, however large: megabytes for a socket that holds a quarter of one.
it('catches up in writes of the same size, and no further than a socket that fills up meanwhile', async () => {
  const { room, join } = setUp();
  await room.deliver(numbers(1, 6).map((seq) => entry(ROOM, seq, 'e1', '界'.repeat(15_000))));
  const reading = join(0);
  const connection = new FakeConnection(9);
  const write = connection.write.bind(connection);
  connection.write = (bytes) => {
    write(bytes);
    connection.bufferedBytes = MAX_OUTBOUND_BYTES;
  };
  join(0, connection);
  await settle();
  expect(reading.seen).toEqual(numbers(1, 6));
  // Two messages of 45 kB reach the size of a write.
  expect(reading.writes).toHaveLength(3);
  expect(connection.seen).toEqual([1, 2]);
  connection.drain();
  await settle();
  expect(connection.seen).toEqual([1, 2, 3, 4]);
});
