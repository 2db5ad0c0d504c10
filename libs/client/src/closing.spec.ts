import { Op } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PendingSend } from './client-events.js';
import { joined } from './testing/scripted-server.js';
import { scriptedClient } from './testing/scripted-client.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

describe('close', () => {
  it('gives up what is pending, says so once, and leaves no timer behind', async () => {
    const { server, client, seen } = scriptedClient();
    client.connect();
    const join = client.join(1);
    const sends = [client.send(1, 'a'), client.sendDirect(2, 'b')];
    const history = client.history(1);
    const rejected = expect(history).rejects.toMatchObject({ code: 'CLOSED' });
    await pass();
    await client.close();
    await client.close();
    await expect(join).rejects.toMatchObject({ code: 'CLOSED' });
    await rejected;
    for (const sent of sends) expect(await sent.result).toEqual({ status: 'gave-up', reason: 'CLOSED' });
    expect(seen.of('gaveUp')).toHaveLength(2);
    expect(seen.of('ended')).toEqual([{ code: 1000, reason: '' }]);
    expect(seen.of('state').at(-1)).toEqual({ state: 'closed' });
    expect(server.now.closedByClient).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    expect(() => client.connect()).toThrow('closed');
    await expect(client.join(2)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(await client.send(1, 'late').result).toEqual({ status: 'gave-up', reason: 'CLOSED' });
  });

  it('lets a leave that waits for its answer succeed: the client is in no room', async () => {
    const { server, client } = scriptedClient();
    client.connect();
    void client.join(1);
    await pass();
    server.now.push(joined(0));
    // Regression: it was rejected with CLOSED, which nobody expects who leaves and closes.
    const left = expect(client.leave(1)).resolves.toBeUndefined();
    await client.close();
    await left;
  });

  it('ends a page of history that fails at the same moment', async () => {
    const { server, client } = scriptedClient();
    client.on('state', ({ state }) => void (state === 'reconnecting' && client.close()));
    client.connect();
    const rejected = expect(client.history(1)).rejects.toMatchObject({ code: 'CLOSED' });
    await pass(250);
    expect(server.now.of(Op.history)).toHaveLength(1);
    server.now.close(1006);
    await pass();
    // Regression: its next attempt began to wait only after all waits had been ended.
    expect(vi.getTimerCount()).toBe(0);
    await rejected;
  });

  it('does not wait for a token that never comes', async () => {
    const { client } = scriptedClient({ getToken: () => new Promise(() => {}) });
    client.connect();
    void client.join(1);
    await pass();
    await client.close();
    expect(client.state).toBe('closed');
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(['reconnecting', 'online'] as const)('may be called by a listener of "%s"', async (when) => {
    const { server, client, seen } = scriptedClient();
    client.on('state', ({ state }) => void (state === when && client.close()));
    client.connect();
    void client.join(1);
    await pass();
    if (when === 'reconnecting') server.now.close(1006);
    await pass(20_000);
    expect(server.connections).toHaveLength(1);
    expect(seen.of('ended')).toHaveLength(1);
    expect(client.state).toBe('closed');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('after a terminal close', () => {
  it('says ENDED to whoever asks for something, as it did to those who waited', async () => {
    const { server, client, seen } = scriptedClient();
    const fromListener = new Promise<PendingSend>((resolve) =>
      client.on('state', ({ state }) => void (state === 'closed' && resolve(client.send(1, 'too late')))),
    );
    client.connect();
    const waiting = expect(client.join(1)).rejects.toMatchObject({ code: 'ENDED' });
    const reading = expect(client.history(1)).rejects.toMatchObject({ code: 'ENDED' });
    await pass();
    server.now.close(4501);
    await waiting;
    await reading;
    // Regression: these said CLOSED, as if the application had closed it.
    await expect(client.join(2)).rejects.toMatchObject({ code: 'ENDED' });
    await expect(client.history(2)).rejects.toMatchObject({ code: 'ENDED' });
    const gaveUp = { status: 'gave-up', reason: 'ENDED' };
    expect(await client.send(1, 'late').result).toEqual(gaveUp);
    expect(await (await fromListener).result).toEqual(gaveUp);
    expect(seen.of('state').filter(({ state }) => state === 'closed')).toHaveLength(1);
  });
});
