import { Op } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ParleyClient } from './parley-client.js';
import { Recorder } from './testing/recorder.js';
import { ack, joined, ScriptedServer } from './testing/scripted-server.js';
import type { Transport } from './transport.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

/** A client that is online, its first waits as long as they get. */
async function online() {
  const server = new ScriptedServer();
  const client = new ParleyClient({
    transport: server.transport,
    getToken: () => 't',
    random: () => 1,
    backoff: { minMs: 8_000, maxMs: 8_000 },
  });
  client.connect();
  void client.join(1);
  await pass();
  server.now.push(joined(1, { ref: 1 }));
  await pass();
  return { server, client, seen: new Recorder(client) };
}

describe('probe', () => {
  it('finds within seconds that a connection is dead', async () => {
    const { server, client } = await online();
    client.probe();
    expect(server.now.of(Op.ping)).toHaveLength(1);
    await pass(2_999);
    expect(client.state).toBe('online');
    await pass(1);
    expect(client.state).toBe('reconnecting');
  });

  it('leaves one that answers alone', async () => {
    const { server, client } = await online();
    client.probe();
    await pass(1_000);
    server.now.push({ op: Op.pong });
    await pass(10_000);
    expect(client.state).toBe('online');
    expect(server.connections).toHaveLength(1);
  });

  it('ends the wait for the next attempt, and makes one', async () => {
    const { server, client } = await online();
    server.now.close(1006);
    await pass(1_000);
    expect(server.connections).toHaveLength(1);
    client.probe();
    client.probe();
    await pass();
    expect(server.connections).toHaveLength(2);
    expect(client.state).toBe('online');
    server.now.push(joined(1, { ref: server.now.of(Op.join)[0]?.ref }));
    await pass(20_000);
    expect(server.connections).toHaveLength(2);
  });

  it('does nothing before there is a connection, and after the end', async () => {
    const { server, client } = await online();
    await client.close();
    client.probe();
    await pass(10_000);
    expect(server.connections).toHaveLength(1);
    expect(client.state).toBe('closed');
  });
});

// Whoever wrote on a connection that was half open waited for the heartbeat: up to half a minute, in which the server had nothing of theirs.
describe('an answer that is overdue', () => {
  const pong = (server: ScriptedServer) => {
    server.answer = (frame, connection) => {
      if (frame.op === Op.ping) connection.push({ op: Op.pong });
    };
  };

  it.each([
    { what: 'a send', ask: (client: ParleyClient) => void client.send(1, 'hello') },
    {
      what: 'a page',
      ask: (client: ParleyClient) => void client.history(1).catch(() => {}),
      waitMs: 20_000,
    },
    { what: 'an act', ask: (client: ParleyClient) => void client.act(1, { act: 'calm' }).catch(() => {}) },
  ])(
    'has the connection asked, to $what, and left when it is silent as long again',
    async ({ ask, waitMs = 5_000 }) => {
      const { server, client } = await online();
      ask(client);
      await pass(waitMs - 1);
      expect(server.now.of(Op.ping)).toHaveLength(0);
      await pass(1);
      expect(server.now.of(Op.ping)).toHaveLength(1);
      await pass(4_999);
      expect(client.state).toBe('online');
      await pass(1);
      expect(client.state).toBe('reconnecting');
      await client.close();
    },
  );

  it('has what was sent in vain sent again on the next connection', async () => {
    const { server, client } = await online();
    client.send(1, 'hello');
    await pass(10_000 + 8_000);
    expect(server.connections).toHaveLength(2);
    server.now.push(joined(1, { ref: server.now.of(Op.join)[0]?.ref }));
    expect(server.now.of(Op.room).map(({ msg }) => msg)).toEqual(['hello']);
    await client.close();
  });

  it('is the server’s matter while it says anything at all', async () => {
    const { server, client } = await online();
    pong(server);
    client.send(1, 'hello');
    await pass(100_000);
    expect([server.connections.length, client.state]).toEqual([1, 'online']);
    await client.close();
  });

  it('is nobody’s fault while something comes', async () => {
    const { server, client } = await online();
    client.send(1, 'hello');
    await pass(2_000);
    server.now.push({ op: Op.count, roomId: 1, count: 2 });
    await pass(4_000);
    expect(server.now.of(Op.ping)).toHaveLength(0);
    await client.close();
  });

  it('does not end a connection that has not even taken what was written', async () => {
    const { server, client } = await online();
    client.send(1, 'hello');
    server.now.buffered = 65_537;
    await pass(19_999);
    expect([server.now.of(Op.ping).length, client.state]).toEqual([0, 'online']);
    await client.close();
  });
});

/** A server behind an uplink of so many bytes a second, which answers whatever has come. The operating system has what is on its way. */
function slowUplink(bytesPerSecond: number): Transport {
  return {
    open: (handlers) => {
      let isClosed = false;
      let freeAtMs = 0;
      queueMicrotask(() => handlers.onOpen());
      const answer = (frame: { op: number; ref?: number; clientMsgId?: string }) => {
        if (isClosed) return;
        if (frame.op === Op.join) handlers.onText(JSON.stringify(joined(0, { ref: frame.ref })));
        if (frame.op === Op.ping) handlers.onText(JSON.stringify({ op: Op.pong }));
        if (frame.op === Op.room) handlers.onText(JSON.stringify(ack(frame.clientMsgId ?? '', 1)));
      };
      return {
        send: (text) => {
          const takesMs = (Buffer.byteLength(text) * 1_000) / bytesPerSecond;
          freeAtMs = Math.max(freeAtMs, performance.now()) + takesMs;
          setTimeout(() => answer(JSON.parse(text)), freeAtMs - performance.now());
        },
        close: () => {
          if (!isClosed) queueMicrotask(() => handlers.onClose(1000, ''));
          isClosed = true;
        },
        bufferedBytes: () => 0,
      };
    },
  };
}

// Every connection was left while the message was on its way, and the next one began with it again.
it.each([500, 1_000, 1_150])('a long message goes through an uplink of %i bytes a second', async (rate) => {
  const client = new ParleyClient({
    transport: slowUplink(rate),
    getToken: () => 't',
    random: () => 0.5,
  });
  client.connect();
  void client.join(1);
  await pass(7_000);
  const { result } = client.send(1, '中'.repeat(4_000));
  await pass(110_000);
  expect(await result).toMatchObject({ status: 'acked' });
  await client.close();
});
