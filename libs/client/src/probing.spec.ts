import { Op } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ParleyClient } from './parley-client.js';
import { Recorder } from './testing/recorder.js';
import { joined, ScriptedServer } from './testing/scripted-server.js';

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
  server.now.push(joined(1));
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
