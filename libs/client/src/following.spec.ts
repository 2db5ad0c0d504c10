import { Op } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { roomServer } from './testing/room-server.js';
import { ack, joined, message, messages, refusal } from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const direct = (seq: number, roomId = 90) => message(seq, { op: Op.direct, roomId, toUserId: 4 });

describe('conversations that are followed', () => {
  it('are a hundred: the one that was silent longest is forgotten, and begins anew', async () => {
    const { server, client, seen } = roomServer();
    await pass();
    for (let i = 0; i < 100; i++) server.now.push(direct(5, 1_000 + i));
    // Spoken in again: now the second one has been silent longest.
    server.now.push(direct(6, 1_000));
    expect(client.position(1_001)).toEqual({ seq: 5, epoch: 'A' });
    server.now.push(direct(5, 2_000));
    expect(client.position(1_001)).toBeUndefined();
    expect(client.position(1_000)).toEqual({ seq: 6, epoch: 'A' });
    expect(client.position(1_002)).toEqual({ seq: 5, epoch: 'A' });
    server.now.push(direct(9, 1_001));
    expect(seen.of('direct').at(-1)).toMatchObject({ roomId: 1_001, seq: 9 });
    await client.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that are forgotten stop reading', async () => {
    const { server, room, client, seen } = roomServer();
    await pass();
    room.onHistory = () => true;
    server.now.push(direct(5, 1_000));
    server.now.push(direct(9, 1_000));
    await pass();
    expect(server.now.of(Op.history)).toHaveLength(1);
    for (let i = 1; i <= 100; i++) server.now.push(direct(5, 1_000 + i));
    await pass(10_000);
    expect(server.now.of(Op.history)).toHaveLength(1);
    expect(seen.of('gaveUp')).toEqual([]);
    await client.close();
  });

  it('go on as a room that is joined, after the last message shown', async () => {
    const { server, client, seen } = roomServer();
    await pass();
    server.now.push(direct(5));
    void client.join(90);
    await pass();
    expect(server.now.of(Op.join).at(-1)).toMatchObject({ roomId: 90, lastSeq: 5, epoch: 'A' });
    server.now.push(direct(5));
    server.now.push(direct(6));
    expect(seen.of('direct').map(({ seq }) => seq)).toEqual([5, 6]);
    expect(client.position(90)).toEqual({ seq: 6, epoch: 'A' });
  });

  it('are no longer read, nor followed beside it, once they are joined', async () => {
    const { server, room, client, seen } = roomServer();
    await pass();
    room.onHistory = () => true;
    server.now.push(direct(5));
    server.now.push(direct(9));
    const [reading] = server.now.of(Op.history);
    void client.join(90);
    await pass();
    server.now.push({
      op: Op.history,
      ref: reading?.ref,
      roomId: 90,
      epoch: 'A',
      head: 9,
      messages: [6, 7, 8, 9].map((seq) => direct(seq)),
      more: false,
    });
    await pass();
    expect(seen.of('direct').map(({ seq }) => seq)).toEqual([5]);
    await client.leave(90);
    expect(client.position(90)).toBeUndefined();
  });

  it('of a room that is joined from a position begin there', async () => {
    const { server, client } = roomServer();
    await pass();
    server.now.push(direct(5));
    void client.join(90, { lastSeq: 2, epoch: 'A' });
    await pass();
    expect(server.now.of(Op.join).at(-1)).toMatchObject({ roomId: 90, lastSeq: 2, epoch: 'A' });
  });

  it('keep a client connected, and end with it', async () => {
    const { server, client } = roomServer([], { join: false });
    client.sendDirect(4, 'hello', { clientMsgId: 'mine' });
    await pass();
    server.now.push(ack('mine', 7, { roomId: 90 }));
    server.now.close();
    await pass(200);
    expect(client.state).toBe('online');
    await client.close();
    expect(client.position(90)).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are read once on a new connection when nothing is new, and again on the next', async () => {
    const { server, room, seen, pages } = roomServer();
    await pass();
    server.now.push(direct(5));
    room.log = [direct(5)];
    server.now.close();
    await pass(10_000);
    expect(pages()).toEqual([5]);
    room.log = [direct(5), direct(6)];
    server.now.close();
    await pass(10_000);
    expect(pages()).toEqual([5, 5]);
    expect(seen.of('direct').map(({ seq }) => seq)).toEqual([5, 6]);
  });

  it('that cannot be asked what is new are said to be unknown from there on', async () => {
    const { server, room, seen, client } = roomServer();
    await pass();
    server.now.push(direct(5));
    room.onHistory = (frame) => {
      server.now.push(refusal('FORBIDDEN', false, { ref: frame.ref }));
      return true;
    };
    server.now.close();
    await pass(200);
    expect(seen.of('gaveUp')).toEqual([{ what: 'messages', roomId: 90, from: 6, reason: 'FORBIDDEN' }]);
    expect(client.position(90)).toEqual({ seq: 5, epoch: 'A' });
    await pass(10_000);
    expect(seen.of('gaveUp')).toHaveLength(1);
  });
});

describe('a page for the application', () => {
  it('keeps a client connected until it is read, and no longer', async () => {
    const { server, client } = roomServer(messages(1, 3), { join: false });
    const reading = client.history(1);
    await pass(250);
    expect(await reading).toMatchObject({ head: 3 });
    server.now.close();
    await pass(1_000);
    expect(client.state).toBe('idle');
  });

  it('has the room of which it was asked, and nothing of the frame', async () => {
    const { client } = roomServer(messages(1, 2), { join: false });
    const reading = client.history(1, { before: 9 });
    await pass(250);
    expect(Object.keys(await reading).sort()).toEqual(['epoch', 'head', 'messages', 'more', 'roomId']);
  });

  it('waits as long as the server says, and a back-off that grows', async () => {
    const { server, room, client } = roomServer(messages(1, 3));
    await pass();
    room.onHistory = (frame) => {
      server.now.push(refusal('OVERLOADED', true, { ref: frame.ref, retryAfterMs: 1_000 }));
      return true;
    };
    client.history(1).catch(() => {});
    await pass();
    const asked = () => server.now.of(Op.history).length;
    await pass(1_124);
    expect(asked()).toBe(1);
    await pass(1);
    expect(asked()).toBe(2);
    await pass(1_249);
    expect(asked()).toBe(2);
    await pass(1);
    expect(asked()).toBe(3);
    await client.close();
  });

  it('is given up with the last refusal once the deadline would pass', async () => {
    const { server, room, client } = roomServer(messages(1, 3));
    await pass();
    room.onHistory = (frame) => {
      server.now.push(refusal('OVERLOADED', true, { ref: frame.ref, retryAfterMs: 70_000 }));
      return true;
    };
    const alive = setInterval(() => server.now.push({ op: Op.pong }), 10_000);
    const rejected = expect(client.history(1)).rejects.toMatchObject({ code: 'OVERLOADED', retryable: true });
    await pass(70_200);
    clearInterval(alive);
    await rejected;
    expect(server.now.of(Op.history)).toHaveLength(2);
  });

  it('whose answer cannot be read is asked for until the deadline', async () => {
    const { server, room, client } = roomServer(messages(1, 3));
    await pass();
    room.onHistory = (frame) => {
      server.now.push({ op: Op.history, ref: frame.ref });
      return true;
    };
    const rejected = expect(client.history(1)).rejects.toMatchObject({ code: 'NO_ANSWER' });
    const alive = setInterval(() => server.now.push({ op: Op.pong }), 10_000);
    await pass(150_000);
    clearInterval(alive);
    await rejected;
    expect(server.now.of(Op.history).length).toBeGreaterThan(5);
  });
});

describe('a room that is lost', () => {
  it('lets the server refuse what waits for it', async () => {
    const { server, client } = roomServer([], { join: false });
    const sent = client.send(1, 'hello');
    server.answer = (frame, connection) => {
      if (frame.op === Op.join) connection.push(refusal('FORBIDDEN', false, { ref: frame.ref }));
      if (frame.op === Op.room)
        connection.push(refusal('NOT_JOINED', false, { clientMsgId: frame.clientMsgId as string }));
    };
    client.join(1).catch(() => {});
    await pass();
    expect(await sent.result).toMatchObject({ status: 'refused', error: { code: 'NOT_JOINED' } });
  });

  it('by an answer without its own reference is still joined', async () => {
    const { server, client, join } = roomServer();
    server.answer = () => {};
    await pass();
    server.now.push(joined(4));
    expect(await join).toMatchObject({ seq: 4 });
    expect(client.position(1)).toEqual({ seq: 4, epoch: 'A' });
  });
});
