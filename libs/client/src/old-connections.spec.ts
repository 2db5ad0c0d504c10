import { Op } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ParleyClientOptions } from './client-options.js';
import { ParleyClient } from './parley-client.js';
import { Recorder } from './testing/recorder.js';
import { joined, message, ScriptedServer } from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
/** With `random` at a half: half of 250 ms. */
const FIRST_WAIT_MS = 125;

/** A client of room 1 whose connections do not end when it closes them: they are half-open. */
function setUp(options: Partial<ParleyClientOptions> = {}, before = (_client: ParleyClient) => {}) {
  const server = new ScriptedServer();
  server.answersClose = false;
  server.answer = (frame, connection) => {
    if (frame.op === Op.join) connection.push(joined(frame.lastSeq ?? 0, { ref: frame.ref }));
  };
  const client = new ParleyClient({
    transport: server.transport,
    getToken: () => 't',
    random: () => 0.5,
    ...options,
  });
  const seen = new Recorder(client);
  before(client);
  client.connect();
  void client.join(1).catch(() => {});
  return { server, client, seen };
}

describe('a connection that was given up', () => {
  it('is not listened to any more: its frames and its end are nobody’s', async () => {
    const { server, client, seen } = setUp();
    await pass();
    // Silence for an interval, and after the ping.
    await pass(35_000 + FIRST_WAIT_MS);
    const [old, now] = server.connections;
    expect(server.connections).toHaveLength(2);
    expect(old?.closedByClient).toBe(true);
    old?.push(message(1));
    expect(seen.seqs()).toEqual([]);
    old?.close(4501, 'revoked');
    expect(client.state).toBe('online');
    now?.push(message(1));
    expect(seen.seqs()).toEqual([1]);
    await pass(10_000);
    expect(server.connections).toHaveLength(2);
  });

  it('that opens too late is not used', async () => {
    const { server, client, seen } = setUp();
    server.accept = () => {};
    await pass();
    await pass(10_000);
    server.accept = (connection) => connection.open();
    server.connections[0]?.open();
    expect(client.state).toBe('reconnecting');
    await pass(FIRST_WAIT_MS);
    expect(client.state).toBe('online');
    server.connections[0]?.open();
    expect(server.connections.map((c) => c.received.length)).toEqual([0, 1]);
    expect(seen.of('state').filter(({ state }) => state === 'online')).toHaveLength(1);
  });

  it('for a token that did not come in time is not made when it comes', async () => {
    const tokens: Array<(token: string) => void> = [];
    const { server, client, seen } = setUp({
      getToken: () => new Promise((resolve) => tokens.push(resolve)),
    });
    await pass(10_000);
    expect(seen.of('state').at(-1)).toEqual({ state: 'reconnecting', retryInMs: FIRST_WAIT_MS });
    await pass(FIRST_WAIT_MS);
    expect(tokens).toHaveLength(2);
    tokens[0]?.('late');
    await pass();
    expect(server.connections).toHaveLength(0);
    tokens[1]?.('in time');
    await pass();
    expect(client.state).toBe('online');
    expect(server.connections).toHaveLength(1);
    expect(server.now.received).toMatchObject([{ authToken: 'in time' }]);
  });

  it('for a token that was refused too late says nothing and changes nothing', async () => {
    const refusals: Array<(error: Error) => void> = [];
    const { server, seen } = setUp({
      getToken: () => new Promise((_resolve, reject) => refusals.push(reject)),
    });
    await pass(10_000 + FIRST_WAIT_MS);
    refusals[0]?.(new Error('late'));
    await pass();
    expect(seen.of('error')).toEqual([]);
    expect(refusals).toHaveLength(2);
    expect(seen.of('state').at(-1)).toEqual({ state: 'reconnecting' });
    expect(server.connections).toHaveLength(0);
  });
});

describe('close', () => {
  it('resolves when the socket is closed, not before', async () => {
    const { server, client } = setUp();
    await pass();
    const closed = vi.fn();
    void client.close().then(closed);
    await pass(1_000);
    expect(client.state).toBe('closed');
    expect(server.now.closedByClient).toBe(true);
    expect(closed).not.toHaveBeenCalled();
    server.now.close(1000);
    await pass();
    expect(closed).toHaveBeenCalled();
  });

  it('while a reconnect waits takes it back', async () => {
    const { server, client } = setUp();
    await pass();
    server.now.close(1006);
    await client.close();
    expect(vi.getTimerCount()).toBe(0);
    await pass(60_000);
    expect(server.connections).toHaveLength(1);
  });
});

describe('the states of a client', () => {
  it('are told in their order, each once', async () => {
    const { server, client, seen } = setUp();
    await pass();
    server.now.close(1006);
    await pass(FIRST_WAIT_MS);
    await pass(10_000);
    void client.leave(1).catch(() => {});
    server.now.close(1006);
    await pass(1_000);
    void client.join(1).catch(() => {});
    await pass();
    void client.close();
    expect(seen.of('state')).toEqual([
      { state: 'connecting' },
      { state: 'online' },
      { state: 'reconnecting', retryInMs: FIRST_WAIT_MS },
      { state: 'reconnecting' },
      { state: 'online' },
      { state: 'idle' },
      { state: 'reconnecting' },
      { state: 'online' },
      { state: 'closed' },
    ]);
  });

  it('are those of a reconnect also when it was never online', async () => {
    const { server, seen } = setUp();
    server.accept = (connection) => connection.close(1006);
    await pass();
    await pass(FIRST_WAIT_MS);
    expect(seen.of('state')).toEqual([
      { state: 'connecting' },
      { state: 'reconnecting', retryInMs: 125 },
      { state: 'reconnecting' },
      { state: 'reconnecting', retryInMs: 250 },
    ]);
  });
});

describe('while a connection is being made', () => {
  it('nothing is sent that only makes sense now', async () => {
    const { server, client } = setUp();
    server.accept = () => {};
    await pass();
    client.requestCount(1);
    client.requestInfo(1);
    server.now.open();
    await pass();
    expect(server.now.received.map(({ op }) => op)).toEqual([Op.join]);
  });

  it('a listener of its state may close the client', async () => {
    const { server, client, seen } = setUp({}, (client) => {
      client.on('state', ({ state }) => void (state === 'connecting' && client.close()));
    });
    expect(vi.getTimerCount()).toBe(0);
    await pass(20_000);
    expect(client.state).toBe('closed');
    expect(server.connections).toHaveLength(0);
    expect(seen.of('ended')).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a listener may close the client when the token does not come', async () => {
    const { server, client, seen } = setUp({ getToken: () => Promise.reject(new Error('logged out')) });
    client.on('error', () => void client.close());
    await pass(20_000);
    expect(server.connections).toHaveLength(0);
    expect(seen.of('ended')).toHaveLength(1);
    expect(seen.of('state').at(-1)).toEqual({ state: 'closed' });
    expect(vi.getTimerCount()).toBe(0);
  });
});
