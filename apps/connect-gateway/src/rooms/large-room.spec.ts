import { eventually } from '@parley/testing';
import { describe, expect, it } from 'vitest';
import { entry } from '../testing/fake-room-log.js';
import { MAX_TAKEN_BYTES, numbers, ROOM, settle, setUp, turn } from '../testing/local-room.fixture.js';
import { MAX_BYTES_PER_TURN, MAX_WRITES_PER_TURN } from './turn.js';

describe('a large room', () => {
  it('yields between slices; whoever joins or leaves meanwhile loses and repeats nothing', async () => {
    const { log, room, join } = setUp();
    const members = Array.from({ length: 300 }, () => join());
    await settle();
    const delivering = room.deliver(log.append(2));
    await turn();
    const served = members.filter(({ writes }) => writes.length > 0).length;
    expect(served).toBeGreaterThan(0);
    expect(served).toBeLessThan(300);
    const late = [join(), join(0), join(1)];
    const leaver = members.find(({ writes }) => writes.length === 0)!;
    room.remove(leaver);
    await delivering;
    await settle();
    await room.deliver(log.append(1));
    await settle();
    for (const member of members) expect(member.seen).toEqual(member === leaver ? [] : [1, 2, 3]);
    expect(late.map(({ seen }) => seen)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [2, 3],
    ]);
  });

  // A write to everybody for each message, although there were more of them than could be written so.
  it('gathers what comes while it writes, and a little longer; joining and leaving meanwhile lose and repeat nothing', async () => {
    const { log, room, join, gatherMs, onDelivered } = setUp();
    const members = Array.from({ length: MAX_WRITES_PER_TURN + 1 }, () => join());
    await settle();
    gatherMs.mockImplementation((_, { messages }) => (messages > 0 ? 20 : 0));
    await room.deliver(log.append(1));
    await room.deliver(log.append(1));
    await eventually(() => expect(room.delivered).toBe(1));
    for (let n = 0; n < 5; n++) await room.deliver(log.append(1));
    const late = [join(), join(0)];
    const leaver = members[0]!;
    room.remove(leaver);
    await eventually(() => expect(room.delivered).toBe(7));
    await settle();
    expect(onDelivered.mock.calls.map(([{ messages }]) => messages)).toEqual([1, 6]);
    expect(gatherMs.mock.calls.map(([, { messages, bytes }]) => [messages, bytes > 0])).toEqual([
      [1, true],
      [0, false],
    ]);
    for (const member of members) expect(member.seen).toEqual(member === leaver ? [1] : numbers(1, 7));
    expect(late.map(({ seen }) => seen)).toEqual([numbers(2, 7), numbers(1, 7)]);
  });

  // One chunk of 64 kB to 256 sockets was 16 MB written in one turn.
  it('writes no more than 2 MB in one turn', async () => {
    const { room, join } = setUp();
    const members = Array.from({ length: 64 }, () => join());
    await settle();
    const servedIn = async (bytes: number, seq: number) => {
      await settle();
      for (const member of members) member.writes.length = 0;
      await room.deliver([entry(ROOM, seq, 'e1', 'x'.repeat(bytes))]);
      return members.filter(({ writes }) => writes.length > 0).length;
    };
    expect(await servedIn(MAX_BYTES_PER_TURN / 64 - 1_000, 1)).toBe(64);
    expect(await servedIn(MAX_BYTES_PER_TURN / 32, 2)).toBeLessThan(64);
    await settle();
    expect(members.every(({ writes }) => writes.length === 1)).toBe(true);
  });

  // The worker's call, and with it every other room of the gateway, waited for the flush to all members.
  it('has taken what it is given before it has written it', async () => {
    const { log, room, join } = setUp();
    const members = Array.from({ length: MAX_WRITES_PER_TURN + 1 }, () => join());
    await settle();
    await room.deliver(log.append(2));
    expect(room.position.seq).toBe(2);
    expect(room.delivered).toBe(0);
    // Taken during the flush, and after its last look.
    await room.deliver(log.append(1));
    await settle();
    await room.deliver(log.append(1));
    await settle();
    expect(members.every(({ seen }) => seen.join() === '1,2,3,4')).toBe(true);
  });

  it('lets whoever comes be live between two chunks, although the flush does not end', async () => {
    const { log, room, join } = setUp();
    const members = Array.from({ length: 300 }, () => join());
    await settle();
    const large = () =>
      log.append(1).map((one) => ({ ...one, body: `${one.body},"x":"${'x'.repeat(70_000)}"` }));
    await room.deliver(large());
    const late = join();
    for (let i = 0; i < 5; i++) {
      await room.deliver(large());
      await turn();
    }
    expect(room.members.get(late)?.live).toBe(true);
    await settle();
    await settle();
    expect(late.seen.at(-1)).toBe(6);
    expect(members[0]?.seen).toEqual(numbers(1, 6));
  });

  it('answers when there is room for more, above the bytes that may be on their way', async () => {
    const { log, room, join, taken } = setUp();
    for (let i = 0; i < 300; i++) join();
    await settle();
    const fitting = Math.floor(MAX_TAKEN_BYTES / 60_000);
    const large = () =>
      log.append(1).map((one) => ({ ...one, body: `${one.body},"x":"${'x'.repeat(59_900)}"` }));
    for (let i = 0; i < fitting; i++) await room.deliver(large());
    expect(room.delivered).toBe(0);
    expect(taken.usedBytes).toBeLessThanOrEqual(MAX_TAKEN_BYTES);
    await room.deliver(large());
    expect(room.delivered).toBeGreaterThan(0);
    expect(taken.usedBytes).toBeLessThanOrEqual(MAX_TAKEN_BYTES);
    await settle();
    expect(taken.usedBytes).toBe(0);
  });

  // A room of ten thousand got ten thousand frames in one turn.
  it('is told something over several turns, and only the newest of what waits meanwhile', async () => {
    const { room, join } = setUp();
    const members = Array.from({ length: 300 }, () => join());
    room.announce('count', '{"op":4,"seq":1}');
    room.announce('count', '{"op":4,"seq":2}');
    room.announce('count', '{"op":4,"seq":3}');
    room.announce('info', '{"op":5,"seq":4}');
    expect(members.filter(({ writes }) => writes.length > 0)).toHaveLength(MAX_WRITES_PER_TURN);
    await settle();
    expect(members.every(({ seen }) => seen.join() === '1,3,4')).toBe(true);
  });

  it('hears of a gap over several turns, and of what follows after it', async () => {
    const { log, room, join } = setUp();
    const members = Array.from({ length: 300 }, () => join());
    await settle();
    log.append(600);
    const delivering = room.deliver(log.append(1));
    await turn();
    expect(members.filter(({ writes }) => writes.length > 0).length).toBeLessThan(300);
    await delivering;
    await settle();
    expect(members.every(({ seen }) => seen.join() === 'resync 1-600 gap,601')).toBe(true);
  });

  it('takes a flush in one turn when it is small', async () => {
    const { log, room, join } = setUp();
    const members = Array.from({ length: 256 }, () => join());
    await settle();
    void room.deliver(log.append(1));
    await turn();
    expect(members.every(({ writes }) => writes.length === 1)).toBe(true);
  });
});
