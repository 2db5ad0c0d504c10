import { Op } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { roomServer } from './testing/room-server.js';
import { joined, message, messages, refusal } from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('joining', () => {
  it('starts from now on when no position is given', async () => {
    const { server, client, seen, join } = roomServer(messages(1, 5));
    await pass();
    expect(await join).toMatchObject({ seq: 5, resumed: false });
    expect(client.position(1)).toEqual({ seq: 5, epoch: 'A' });
    server.now.push(message(6));
    expect(seen.seqs()).toEqual([6]);
    expect(await client.join(1)).toMatchObject({ seq: 5 });
    expect(server.now.of(Op.join)).toHaveLength(1);
  });

  it('goes on after the position that is given', async () => {
    const { seen, server, pages } = roomServer(messages(1, 9), { lastSeq: 4, epoch: 'A' });
    await pass();
    expect(server.now.of(Op.join)).toMatchObject([{ lastSeq: 4, epoch: 'A' }]);
    expect(seen.seqs()).toEqual([5, 6, 7, 8, 9]);
    expect(pages()).toEqual([]);
  });

  it('reads what the server does not resume', async () => {
    const { room, seen, pages } = roomServer(messages(1, 9), { lastSeq: 4, epoch: 'A' });
    room.resume = false;
    await pass();
    expect(seen.seqs()).toEqual([5, 6, 7, 8, 9]);
    expect(pages()).toEqual([4]);
  });

  it('joins every room again after a reconnect, after the last message shown', async () => {
    const { server, room, client, seen } = roomServer(messages(1, 2));
    void client.join(2);
    await pass();
    for (const seq of [3, 4]) server.now.push(message(seq));
    room.log = messages(1, 7);
    server.now.close();
    await pass(200);
    expect(server.now.of(Op.join).map((f) => [f.roomId, f.lastSeq, f.epoch])).toEqual([
      [1, 4, 'A'],
      [2, 2, 'A'],
    ]);
    expect(seen.seqs()).toEqual([3, 4, 5, 6, 7]);
    expect(seen.of('joined')).toHaveLength(4);
  });

  it('rejects a join that is refused, and tries one again that is refused for now or not answered', async () => {
    const { server, client, answer, seen } = roomServer([], { join: false });
    server.answer = (frame, connection) =>
      connection.push(refusal('ROOM_NOT_FOUND', false, { ref: frame.ref }));
    const join = client.join(1);
    await pass();
    await expect(join).rejects.toMatchObject({
      name: 'ClientError',
      code: 'ROOM_NOT_FOUND',
      retryable: false,
    });
    expect(seen.of('error')).toEqual([]);

    let tries = 0;
    server.answer = (frame, connection) => {
      if (frame.op === Op.ping) return connection.push({ op: Op.pong });
      if (++tries === 1) connection.push(refusal('OVERLOADED', true, { ref: frame.ref, retryAfterMs: 700 }));
      if (tries === 3) answer(frame, connection);
    };
    const second = client.join(1);
    await pass(824);
    expect(tries).toBe(1);
    await pass(1);
    expect(tries).toBe(2);
    await pass(5_000 + 250);
    expect(tries).toBe(3);
    expect(await second).toMatchObject({ roomId: 1 });
  });

  it('says so when a room is refused after a reconnect', async () => {
    const { server, seen, client } = roomServer(messages(1, 4));
    await pass();
    server.answer = (frame, connection) => connection.push(refusal('FORBIDDEN', false, { ref: frame.ref }));
    server.now.close();
    await pass(200);
    expect(seen.of('gaveUp')).toEqual([{ what: 'messages', roomId: 1, from: 5, reason: 'FORBIDDEN' }]);
    expect(seen.of('error')).toMatchObject([{ code: 'FORBIDDEN' }]);
    expect(client.position(1)).toBeUndefined();
  });

  it('shows nothing of a room that was left', async () => {
    const { server, client, seen } = roomServer(messages(1, 4));
    await pass();
    const left = client.leave(1);
    server.now.push(message(5));
    await pass();
    await left;
    server.now.push(message(6));
    server.now.push(message(1, { roomId: 77 }));
    expect(seen.of('message')).toEqual([]);
    server.now.close();
    await pass(20_000);
    expect(client.state).toBe('idle');
    await expect(client.leave(1)).resolves.toBeUndefined();
  });

  it('rejects the join that a leave overtakes', async () => {
    const { server, client, join } = roomServer();
    server.answer = () => {};
    await pass();
    void client.leave(1);
    await expect(join).rejects.toMatchObject({ code: 'LEFT' });
    server.now.push(joined(3));
    expect(client.position(1)).toBeUndefined();
  });
});

describe('order', () => {
  it('shows every seq once, whatever comes twice', async () => {
    const { server, seen } = roomServer();
    await pass();
    for (const seq of [1, 1, 2, 1, 2, 3, 3]) server.now.push(message(seq));
    expect(seen.seqs()).toEqual([1, 2, 3]);
  });

  it('does not spend its room for held messages on those that come twice', async () => {
    const { server, room, seen } = roomServer(messages(1, 2_000));
    await pass();
    for (const m of messages(1, 2_000)) server.now.push(m);
    room.onHistory = () => true;
    server.now.push(message(2_002));
    server.now.push(message(2_001));
    expect(seen.seqs()).toEqual([2_001, 2_002]);
  });

  it('holds what comes after a gap and reads the gap from history', async () => {
    const { server, room, seen, pages } = roomServer();
    await pass();
    room.log = messages(1, 6);
    server.now.push(message(1));
    server.now.push(message(4));
    server.now.push(message(5));
    expect(seen.seqs()).toEqual([1]);
    await pass();
    expect(seen.seqs()).toEqual([1, 2, 3, 4, 5, 6]);
    server.now.push(message(6));
    server.now.push(message(7));
    expect(seen.seqs()).toEqual(range(1, 7));
    expect(pages()).toEqual([1]);
  });

  it('needs no page when the gap closes by itself', async () => {
    const { server, room, seen, pages } = roomServer();
    await pass();
    room.onHistory = () => true;
    server.now.push(message(3));
    server.now.push(message(2));
    server.now.push(message(1));
    expect(seen.seqs()).toEqual([1, 2, 3]);
    await pass(60_000);
    expect(pages()).toEqual([0]);
  });

  it('pages ten thousand messages behind, holding no more than a thousand', async () => {
    const { server, room, seen, pages } = roomServer();
    await pass();
    room.log = messages(1, 10_000);
    for (let seq = 5_000; seq <= 10_000; seq++) server.now.push(message(seq));
    await pass(1_000);
    expect(seen.seqs()).toEqual(range(1, 10_000));
    // 4,999 missing, and the 4,001 beyond those held.
    expect(pages().length).toBeGreaterThanOrEqual(45);
    expect(pages().length).toBeLessThanOrEqual(50);
  });

  it('reads a range that the server skipped before it shows what follows', async () => {
    const { server, room, seen } = roomServer();
    await pass();
    server.now.push(message(1));
    room.log = messages(1, 500);
    server.now.push({ op: Op.resync, roomId: 1, epoch: 'A', from: 2, to: 450, reason: 'slow' });
    server.now.push(message(451));
    expect(seen.of('resync')).toEqual([{ roomId: 1, from: 2, to: 450, reason: 'slow' }]);
    expect(seen.seqs()).toEqual([1]);
    await pass(10);
    expect(seen.seqs()).toEqual(range(1, 500));
  });

  it('ignores a resync of what it has', async () => {
    const { server, pages, seen } = roomServer(messages(1, 9));
    await pass();
    server.now.push({ op: Op.resync, roomId: 1, epoch: 'A', from: 5, to: 9, reason: 'gap' });
    await pass(10_000);
    expect(pages()).toEqual([]);
    server.now.push(message(10));
    expect(seen.seqs()).toEqual([10]);
  });

  it('goes on from the position, not from the page, when a reconnect interrupts the reading', async () => {
    const { server, room, seen } = roomServer();
    await pass();
    room.log = messages(1, 900);
    let pages = 0;
    room.onHistory = () => ++pages > 2;
    server.now.push({ op: Op.resync, roomId: 1, epoch: 'A', from: 1, to: 900, reason: 'slow' });
    await pass(10);
    expect(seen.seqs()).toEqual(range(1, 400));
    room.onHistory = undefined;
    server.now.close();
    await pass(300);
    expect(server.now.of(Op.join)).toMatchObject([{ lastSeq: 400 }]);
    expect(seen.seqs()).toEqual(range(1, 900));
  });

  it('may be left, and the client closed, from within a message', async () => {
    const { server, room, seen, client } = roomServer();
    await pass();
    room.log = messages(1, 9);
    client.on('message', (m) => void (m.seq === 3 && client.leave(1)));
    server.now.push(message(9));
    await pass(100);
    expect(seen.seqs()).toEqual([1, 2, 3]);
    await client.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a frame that announces a close', () => {
  it('is no error of its own when the close is not terminal (TCP has no other way to say it)', async () => {
    const { server, seen } = roomServer();
    await pass();
    server.now.push(refusal('GOING_AWAY', true, { closeCode: 4001 }));
    expect(seen.of('error')).toEqual([]);
    server.now.push(refusal('TOO_MANY_ERRORS', false, { closeCode: 4503 }));
    expect(seen.of('error')).toMatchObject([{ code: 'TOO_MANY_ERRORS' }]);
  });
});
