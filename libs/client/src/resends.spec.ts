import { Op, type ClientFrame, type ClientFrameOf } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ParleyClientOptions } from './client-options.js';
import { ParleyClient } from './parley-client.js';
import { Recorder } from './testing/recorder.js';
import { ack, joined, refusal, ScriptedServer } from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

/** A client in room 1 whose sends are not answered, although the server lives. */
async function setUp(options: Partial<ParleyClientOptions> = {}) {
  const server = new ScriptedServer();
  server.answer = (frame: ClientFrame, connection) => {
    if (frame.op === Op.join) connection.push(joined(0, { roomId: Number(frame.roomId), ref: frame.ref }));
    if (frame.op === Op.ping) connection.push({ op: Op.pong });
  };
  const client = new ParleyClient({
    transport: server.transport,
    getToken: () => 't',
    random: () => 0.5,
    ...options,
  });
  const seen = new Recorder(client);
  client.connect();
  void client.join(1);
  await pass();
  const sends = () => server.connections.flatMap((connection) => connection.of(Op.room));
  const texts = () => sends().map(({ msg }) => msg);
  const refuse = (frame: ClientFrameOf<typeof Op.room> | undefined, retryAfterMs?: number) =>
    server.now.push(
      refusal('RATE_LIMITED', true, {
        clientMsgId: frame?.clientMsgId as string,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      }),
    );
  return { server, client, seen, sends, texts, refuse };
}

/** When frames went out, in milliseconds from now, up to `forMs`. */
async function times(count: () => number, forMs: number, stepMs: number): Promise<number[]> {
  const at: number[] = [];
  for (let ms = stepMs; ms <= forMs; ms += stepMs) {
    const before = count();
    await pass(stepMs);
    for (let i = before; i < count(); i++) at.push(ms);
  }
  return at;
}

describe('a send without an answer', () => {
  it('goes out again after 5, 10, 20, and then 30 s', async () => {
    const { client, sends } = await setUp();
    client.send(1, 'hello');
    expect(await times(() => sends().length, 100_000, 500)).toEqual([5_000, 15_000, 35_000, 65_000, 95_000]);
  });

  it('goes out again no sooner than it was told to, however long that is', async () => {
    const { client, sends } = await setUp({ sendTimeoutMs: 40_000 });
    client.send(1, 'hello');
    expect(await times(() => sends().length, 100_000, 500)).toEqual([40_000, 80_000]);
  });

  it('is looked at every tenth of the time-out, at most every half second', async () => {
    const { client, sends } = await setUp({ sendTimeoutMs: 200 });
    client.send(1, 'hello');
    expect(await times(() => sends().length, 700, 10)).toEqual([200, 600]);
  });

  it('is looked at in time also beside one that was sent before it', async () => {
    const { client, texts } = await setUp();
    client.send(1, 'a');
    await pass(200);
    client.send(1, 'b');
    await pass(5_299);
    expect(texts()).toEqual(['a', 'b', 'a']);
    await pass(1);
    expect(texts()).toEqual(['a', 'b', 'a', 'b']);
  });

  it('does not count as on its way once its connection is gone', async () => {
    const { server, client } = await setUp();
    for (let i = 0; i < 70; i++) client.send(1, `${i}`);
    expect(server.now.of(Op.room)).toHaveLength(64);
    server.now.close();
    await pass(125);
    expect(server.now.of(Op.room).map(({ msg }) => msg)).toEqual(
      Array.from({ length: 64 }, (_, i) => `${i}`),
    );
  });

  it('waits the shortest time again on a new connection', async () => {
    const { server, client, sends } = await setUp();
    client.send(1, 'hello');
    await pass(20_000);
    expect(sends()).toHaveLength(3);
    server.now.close();
    await pass(125);
    expect(sends()).toHaveLength(4);
    expect(await times(() => sends().length, 16_000, 500)).toEqual([5_500, 15_500]);
  });

  it('is given up at the deadline, counted from the send, with all that is known of it', async () => {
    const { client, seen, server } = await setUp({ sendDeadlineMs: 20_000 });
    client.send(1, 'first', { clientMsgId: 'a' });
    await pass(10_000);
    client.sendDirect(4, 'second', { clientMsgId: 'b' });
    await pass(9_999);
    expect(seen.of('gaveUp')).toEqual([]);
    await pass(1);
    const [first] = seen.of('gaveUp');
    expect(first).toEqual({ what: 'send', clientMsgId: 'a', roomId: 1, reason: 'SEND_DEADLINE' });
    await pass(10_000);
    expect(seen.of('gaveUp').slice(1)).toEqual([{ what: 'send', clientMsgId: 'b', reason: 'SEND_DEADLINE' }]);
    // Nobody waits for either any more.
    server.now.push(ack('a', 1));
    expect(seen.of('acked')).toEqual([]);
    await client.close();
    expect(seen.of('gaveUp')).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is looked after also when an earlier one was settled meanwhile', async () => {
    const { server, client, texts } = await setUp();
    client.send(1, 'a', { clientMsgId: 'a' });
    await pass(1_000);
    server.now.push(ack('a', 1));
    await pass(1_000);
    client.send(1, 'b');
    await pass(6_000);
    expect(texts()).toEqual(['a', 'b', 'b']);
  });

  it('is not repeated while its room is being joined again', async () => {
    const { server, client, texts } = await setUp();
    const sent = client.send(1, 'a');
    client.send(1, 'b', { clientMsgId: 'b' });
    server.answer = () => {};
    server.now.push(refusal('NOT_JOINED', false, { clientMsgId: sent.clientMsgId }));
    await pass(6_000);
    expect(texts()).toEqual(['a', 'b']);
    server.now.push(joined(0, { ref: server.now.of(Op.join).at(-1)?.ref }));
    await pass(5_000);
    // Still on its way for all the client knows: what was refused goes out alone, after it.
    expect(texts()).toEqual(['a', 'b', 'b']);
    server.now.push(ack('b', 1));
    expect(texts()).toEqual(['a', 'b', 'b', 'a']);
  });
});

describe('a socket that does not drain', () => {
  it.each([
    [65_536, 2],
    [65_537, 1],
  ])('of %i bytes', async (buffered, copies) => {
    const { server, client, sends } = await setUp();
    client.send(1, 'hello');
    server.now.buffered = buffered;
    await pass(5_500);
    expect(sends()).toHaveLength(copies);
  });
});

describe('a send that is refused for now', () => {
  it('waits as long as the server says and a back-off that grows with each failure', async () => {
    const { client, sends, refuse } = await setUp();
    client.send(1, 'hello');
    refuse(sends().at(-1), 1_000);
    expect(await times(() => sends().length, 2_000, 25)).toEqual([1_125]);
    refuse(sends().at(-1), 1_000);
    expect(await times(() => sends().length, 2_000, 25)).toEqual([1_250]);
    refuse(sends().at(-1));
    expect(await times(() => sends().length, 2_000, 25)).toEqual([500]);
  });

  it('forgets its failures once one was accepted, not when one was refused for good', async () => {
    const { server, client, sends, refuse } = await setUp();
    client.send(1, 'a', { clientMsgId: 'a' });
    client.send(1, 'b', { clientMsgId: 'b' });
    client.send(1, 'c', { clientMsgId: 'c' });
    for (const send of sends()) refuse(send);
    await pass(125);
    expect(sends()).toHaveLength(4);
    server.now.push(refusal('FORBIDDEN', false, { clientMsgId: 'a' }));
    refuse(sends().at(-1));
    expect(await times(() => sends().length, 1_000, 25)).toEqual([250]);
    server.now.push(ack('b', 1));
    refuse(sends().at(-1));
    expect(await times(() => sends().length, 1_000, 25)).toEqual([125]);
  });

  it('and for good leaves no failure to those that come later', async () => {
    const { server, client, sends, refuse } = await setUp();
    client.send(1, 'a', { clientMsgId: 'a' });
    refuse(sends().at(-1));
    await pass(125);
    refuse(sends().at(-1));
    await pass(250);
    server.now.push(refusal('FORBIDDEN', false, { clientMsgId: 'a' }));
    client.send(1, 'b');
    refuse(sends().at(-1));
    expect(await times(() => sends().length, 1_000, 25)).toEqual([125]);
  });

  it('keeps its wait over a reconnect', async () => {
    const { server, client, sends, refuse } = await setUp();
    client.send(1, 'hello');
    refuse(sends().at(-1), 1_000);
    server.now.close();
    await pass(1_100);
    expect(server.connections).toHaveLength(2);
    expect(sends()).toHaveLength(1);
    await pass(25);
    expect(sends()).toHaveLength(2);
  });

  it('does not hold up another room, nor a user', async () => {
    const { server, client, texts, sends, refuse } = await setUp();
    void client.join(2);
    await pass();
    client.send(1, 'a');
    refuse(sends().at(-1), 10_000);
    client.send(2, 'b');
    client.sendDirect(4, 'c');
    expect(texts()).toEqual(['a', 'b']);
    expect(server.now.of(Op.direct)).toMatchObject([{ msg: 'c' }]);
  });

  it('and is given up leaves no timer, and the room open', async () => {
    const { client, texts, sends, refuse, seen } = await setUp({ sendDeadlineMs: 10_000 });
    client.send(1, 'a');
    refuse(sends().at(-1), 60_000);
    await pass(10_000);
    expect(seen.of('gaveUp')).toHaveLength(1);
    client.send(1, 'b');
    expect(texts()).toEqual(['a', 'b']);
    await client.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('twice for one copy each holds back once', async () => {
    const { server, client, sends, texts, refuse } = await setUp();
    client.send(1, 'a', { clientMsgId: 'a' });
    await pass(5_000);
    expect(sends()).toHaveLength(2);
    refuse(sends()[0]);
    refuse(sends()[1]);
    client.send(1, 'b');
    await pass(125);
    expect(texts()).toEqual(['a', 'a', 'a']);
    server.now.push(ack('a', 1));
    expect(texts()).toEqual(['a', 'a', 'a', 'b']);
    for (let i = 0; i < 70; i++) client.send(1, `${i}`);
    // `b` and 63 more: nothing counts as in flight or as refused that is settled.
    expect(texts().slice(3)).toHaveLength(64);
  });
});

describe('a direct message', () => {
  it('carries the token also on a connection that has shown it', async () => {
    const { server, client } = await setUp();
    client.sendDirect(4, 'hello');
    client.send(1, 'hello');
    expect(server.now.of(Op.direct)[0]?.authToken).toBe('t');
    expect(server.now.of(Op.room)[0]?.authToken).toBeUndefined();
  });

  it('has one order per user', async () => {
    const { server, client, refuse } = await setUp();
    client.sendDirect(4, 'a', { clientMsgId: 'a' });
    refuse(server.now.of(Op.direct)[0] as never, 1_000);
    client.sendDirect(4, 'b');
    client.sendDirect(5, 'c');
    expect(server.now.of(Op.direct).map(({ msg }) => msg)).toEqual(['a', 'c']);
    await pass(1_125);
    server.now.push(ack('a', 1, { roomId: 90 }));
    expect(server.now.of(Op.direct).map(({ msg }) => msg)).toEqual(['a', 'c', 'a', 'b']);
  });
});

describe('the token', () => {
  it.each(['joined', 'ack', 'history', 'leave'] as const)(
    'is left out once the server has answered with %s',
    async (answer) => {
      const server = new ScriptedServer();
      const client = new ParleyClient({ transport: server.transport, getToken: () => 't' });
      client.connect();
      if (answer === 'ack') client.sendDirect(4, 'hello', { clientMsgId: 'a' });
      else void client.join(1).catch(() => {});
      await pass();
      if (answer === 'joined') server.now.push(joined(0, { ref: 1 }));
      if (answer === 'ack') server.now.push(ack('a', 1));
      if (answer === 'leave') server.now.push({ op: Op.leave, roomId: 1 });
      if (answer === 'history')
        server.now.push({ op: Op.history, roomId: 1, epoch: 'A', head: 0, messages: [], more: false });
      client.requestCount(1);
      expect(server.now.of(Op.count)).toEqual([{ op: Op.count, roomId: 1 }]);
      server.now.close();
      await pass(1_000);
      client.requestCount(1);
      expect(server.now.of(Op.count)).toEqual([{ op: Op.count, roomId: 1, authToken: 't' }]);
      await client.close();
    },
  );
});
