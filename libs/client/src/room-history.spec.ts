import { Op } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { roomServer } from './testing/room-server.js';
import { joined, message, messages, page, refusal } from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('history that cannot be had', () => {
  it('is asked for again while the refusal is for now', async () => {
    const { server, room, seen } = roomServer();
    await pass();
    room.log = messages(1, 5);
    let refusals = 0;
    room.onHistory = (frame) => {
      if (++refusals > 5) return false;
      server.now.push(refusal(refusals % 2 ? 'HISTORY_PENDING' : 'UNAVAILABLE', true, { ref: frame.ref }));
      return true;
    };
    server.now.push(message(5));
    await pass(30_000);
    expect(refusals).toBe(6);
    expect(seen.seqs()).toEqual([1, 2, 3, 4, 5]);
    expect(seen.of('gaveUp')).toEqual([]);
    expect(seen.of('error')).toEqual([]);
  });

  // A server answers the questions of a connection one after another. Asked every five seconds for what takes six, each answer came too
  // late for the question that it was to, and the queue of them only grew: a client with many rooms read nothing of them for minutes.
  it('is waited for, and not asked for again and again of a slow server', async () => {
    const { server, room, seen, pages } = roomServer();
    await pass();
    room.log = messages(1, 5);
    const PAGE_MS = 6_000;
    let freeAtMs = Date.now();
    room.onHistory = ({ ref }) => {
      freeAtMs = Math.max(freeAtMs, Date.now()) + PAGE_MS;
      const answer = { op: Op.history, ref, ...page(messages(1, 5)) };
      setTimeout(() => server.now.push(answer), freeAtMs - Date.now());
      return true;
    };
    server.now.push(message(5));
    await pass(13_000);
    expect(seen.seqs()).toEqual([1, 2, 3, 4, 5]);
    expect(pages()).toEqual([0]);
  });

  it('is given up loudly after the deadline, and what follows is shown', async () => {
    const { server, room, seen } = roomServer();
    await pass();
    room.onHistory = (frame) => {
      server.now.push(refusal('HISTORY_PENDING', true, { ref: frame.ref }));
      return true;
    };
    server.now.push(message(1));
    server.now.push(message(5));
    server.now.push(message(6));
    const alive = setInterval(() => server.now.push({ op: Op.pong }), 10_000);
    await pass(110_000);
    expect(seen.seqs()).toEqual([1]);
    await pass(30_000);
    clearInterval(alive);
    expect(seen.of('gaveUp')).toEqual([
      { what: 'messages', roomId: 1, from: 2, to: 4, reason: 'HISTORY_PENDING' },
    ]);
    expect(seen.seqs()).toEqual([1, 5, 6]);
  });

  it('is given up at once when the refusal stands', async () => {
    const { server, room, seen, client } = roomServer();
    await pass();
    room.onHistory = (frame) => {
      server.now.push(refusal('FORBIDDEN', false, { ref: frame.ref }));
      return true;
    };
    server.now.push(message(3));
    server.now.push(message(7));
    await pass(10);
    expect(seen.of('gaveUp')).toMatchObject([
      { from: 1, to: 2 },
      { from: 4, to: 6 },
    ]);
    expect(seen.seqs()).toEqual([3, 7]);
    expect(client.position(1)).toEqual({ seq: 7, epoch: 'A' });
  });

  it('is asked for again while a page has a hole, which only the deadline makes believable', async () => {
    const { server, room, seen } = roomServer();
    await pass();
    room.log = [...messages(1, 3), ...messages(6, 8)];
    server.now.push(message(8));
    const alive = setInterval(() => server.now.push({ op: Op.pong }), 10_000);
    await pass(110_000);
    expect(seen.seqs()).toEqual([1, 2, 3]);
    await pass(30_000);
    clearInterval(alive);
    expect(seen.of('gaveUp')).toEqual([
      { what: 'messages', roomId: 1, from: 4, to: 5, reason: 'NOT_IN_HISTORY' },
    ]);
    expect(seen.seqs()).toEqual([1, 2, 3, 6, 7, 8]);
  });

  it('loses nothing when SQL lags behind a log that was trimmed', async () => {
    const { server, room, seen } = roomServer();
    await pass();
    room.log = messages(60, 80);
    server.now.push({ op: Op.resync, roomId: 1, epoch: 'A', from: 1, to: 80, reason: 'slow' });
    await pass(10_000);
    expect(seen.seqs()).toEqual([]);
    room.log = messages(1, 80);
    await pass(10_000);
    expect(seen.seqs()).toEqual(range(1, 80));
    expect(seen.of('gaveUp')).toEqual([]);
  });

  it('is asked for again when no answer comes', async () => {
    const { server, room, seen } = roomServer();
    await pass();
    room.log = messages(1, 3);
    let dropped = 0;
    room.onHistory = () => ++dropped === 1;
    server.now.push(message(3));
    await pass(20_500);
    expect(seen.seqs()).toEqual([1, 2, 3]);
  });
});

describe('epochs', () => {
  it('announces a new epoch at the join and shows what history has over the hole', async () => {
    const { server, room, seen, client } = roomServer(messages(1, 3));
    await pass();
    room.log = [...messages(1, 4), ...messages(1_000, 1_002, { epoch: 'B' })];
    room.epoch = 'B';
    server.now.close();
    await pass(300);
    expect(seen.of('epoch')).toEqual([{ roomId: 1, epoch: 'B', previous: 'A' }]);
    expect(seen.seqs()).toEqual([4, 1_000, 1_001, 1_002]);
    expect(seen.of('gaveUp')).toEqual([]);
    server.now.push(message(1_003, { epoch: 'B' }));
    expect(client.position(1)).toEqual({ seq: 1_003, epoch: 'B' });
  });

  it('goes on above a hole in which history has nothing', async () => {
    const { server, room, seen, client } = roomServer(messages(1, 3));
    await pass();
    room.epoch = 'B';
    server.answer = (frame, connection) => {
      if (frame.op === Op.join) connection.push(joined(1_000, { epoch: 'B', head: 1_000, ref: frame.ref }));
      if (frame.op === Op.history) {
        connection.push({ op: Op.history, ref: frame.ref, ...page([], { epoch: 'B', head: 1_000 }) });
      }
    };
    server.now.close();
    await pass(300);
    expect(client.position(1)).toEqual({ seq: 1_000, epoch: 'B' });
    server.now.push(message(1_001, { epoch: 'B' }));
    expect(seen.seqs()).toEqual([1_001]);
  });

  it('learns of one from a resync, and from a message', async () => {
    const { server, room, seen } = roomServer(messages(1, 3));
    await pass();
    room.log = [...messages(1, 3), ...messages(10, 12, { epoch: 'B' })];
    room.epoch = 'B';
    server.now.push({ op: Op.resync, roomId: 1, epoch: 'B', from: 4, to: 12, reason: 'epoch' });
    await pass(10);
    expect(seen.of('epoch')).toEqual([{ roomId: 1, epoch: 'B', previous: 'A' }]);
    expect(seen.seqs()).toEqual([10, 11, 12]);
    room.log.push(...messages(30, 31, { epoch: 'C' }));
    room.epoch = 'C';
    server.now.push(message(30, { epoch: 'C' }));
    server.now.push(message(31, { epoch: 'C' }));
    await pass(10);
    expect(seen.of('epoch').map(({ epoch }) => epoch)).toEqual(['B', 'C']);
    expect(seen.seqs()).toEqual([10, 11, 12, 30, 31]);
    expect(seen.of('gaveUp')).toEqual([]);
  });

  it('are announced in their order, also when history still has older ones', async () => {
    const { server, room, seen } = roomServer([], { lastSeq: 0 });
    room.epoch = 'C';
    room.log = [...messages(3, 4), ...messages(10, 11, { epoch: 'B' }), ...messages(20, 21, { epoch: 'C' })];
    room.resume = false;
    await pass(10);
    server.now.push(message(22, { epoch: 'C' }));
    expect(seen.seqs()).toEqual([3, 4, 10, 11, 20, 21, 22]);
    // Regression: each older epoch in a page was announced as the new one.
    expect(seen.of('epoch')).toEqual([]);
    expect(seen.of('gaveUp')).toEqual([]);
    server.now.push(message(23, { epoch: 'D' }));
    expect(seen.of('epoch')).toEqual([{ roomId: 1, epoch: 'D', previous: 'C' }]);
  });

  it('starts again with a server that was emptied altogether, instead of showing nothing', async () => {
    const { server, room, seen } = roomServer(messages(1, 500));
    await pass();
    room.log = [];
    room.epoch = 'B';
    server.now.close();
    await pass(300);
    server.now.push(message(1, { epoch: 'B' }));
    expect(seen.of('epoch')).toHaveLength(1);
    expect(seen.seqs()).toEqual([1]);
  });
});

describe('history()', () => {
  it('reads a page, waiting for the connection and for the join', async () => {
    const { server, client } = roomServer(messages(1, 9));
    const reading = client.history(1, { after: 3, limit: 2 });
    await pass(300);
    expect(await reading).toEqual(page(messages(4, 5), { head: 9, more: true }));
    expect(server.now.received.map((frame) => frame.op)).toEqual([Op.join, Op.history]);
  });

  it('tries again over a lost connection and refusals for now; rejects one that stands', async () => {
    const { server, room, client } = roomServer(messages(1, 9));
    await pass();
    let asked = 0;
    room.onHistory = (frame) => {
      asked++;
      if (asked === 1) server.now.close();
      if (asked === 2) server.now.push(refusal('UNAVAILABLE', true, { ref: frame.ref }));
      return asked < 3;
    };
    const reading = client.history(1, { after: 7 });
    await pass(2_000);
    expect((await reading).messages).toHaveLength(2);
    room.onHistory = (frame) => {
      server.now.push(refusal('ROOM_NOT_FOUND', false, { ref: frame.ref }));
      return true;
    };
    const refused = expect(client.history(1)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' });
    await pass();
    await refused;
  });

  it('rejects after the deadline', async () => {
    const { server, client } = roomServer([], { join: false });
    server.accept = () => {};
    const reading = expect(client.history(1)).rejects.toMatchObject({
      code: 'DISCONNECTED',
      retryable: true,
    });
    await pass(120_000);
    await reading;
  });
});
