import { ParleyClient, rotating, webSocketTransport } from '@parley/client';
import { eventually, startTcpProxy } from '@parley/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { RawTcp, RawWs } from './raw-clients.js';
import { Stack } from './stack.js';

const DRAIN_WINDOW_MS = 1_000;

/** Real processes are killed while people chat. */
describe('faults', () => {
  let stack: Stack;
  let alice: RawWs;
  let bob: RawTcp;
  let token: string;
  let sent = 0;

  beforeAll(async () => {
    stack = await Stack.start({ env: { PARLEY_DRAIN_WINDOW_MS: String(DRAIN_WINDOW_MS) } });
    token = await stack.login('demo');
    alice = await RawWs.connect(stack.gateway(0).wsUrl);
    bob = await RawTcp.connect(stack.gateway(0).tcpPort);
    alice.send({ op: 20, authToken: token, roomId: 1 });
    bob.send({ op: 20, authToken: await stack.login('demo1'), roomId: 1 });
    for (const client of [alice, bob]) await client.waitFor(({ op }) => op === 21);
  });
  afterAll(() => stack.stop());

  /** Sends until acked, with one id, as a client does. */
  async function say(timeoutMs = 20_000): Promise<string> {
    const msg = `m${++sent}`;
    await eventually(
      async () => {
        alice.send({ op: 3, roomId: 1, msg, clientMsgId: `id-${msg}` });
        await alice.waitFor(({ op, clientMsgId }) => op === 22 && clientMsgId === `id-${msg}`, 2_000);
      },
      { timeoutMs, intervalMs: 200 },
    );
    return msg;
  }
  /** Both have every message so far, once and in order. */
  const bothHaveAll = (timeoutMs = 20_000) =>
    eventually(
      () => {
        const expected = Array.from({ length: sent }, (_, i) => `m${i + 1}`);
        for (const client of [alice, bob]) expect(client.texts()).toEqual(expected);
      },
      { timeoutMs },
    );

  // gochat's gateway ended itself when one call to logic failed.
  it('loses nothing when one logic is killed, and answers in time when both are', async () => {
    await say();
    await stack.of('logic')[0]?.process.kill9();
    await say();
    await bothHaveAll();
    await stack.of('logic')[0]?.process.kill9();
    alice.send({ op: 3, roomId: 1, msg: 'nobody home', clientMsgId: 'none', ref: 'none' });
    expect(await alice.waitFor(({ op, ref }) => op === 23 && ref === 'none')).toMatchObject({
      retryable: true,
    });
    await Promise.all([stack.spawn('logic'), stack.spawn('logic')]);
    await say();
    await bothHaveAll();
  });

  // gochat's worker took messages off a list before it had delivered them.
  it('loses nothing when the workers are killed one after the other', async () => {
    for (let i = 0; i < 2; i++) {
      await say();
      await stack.of('task-worker')[0]?.process.kill9();
      await say();
      await stack.spawn('task-worker');
      await say();
    }
    await bothHaveAll(30_000);
  });

  // As of a machine that is cut off: the connection stays open, takes everything and says nothing. The heartbeat alone took 35 s.
  it('brings what is written to a gateway that has fallen silent by another one, within 20 s', async () => {
    const gateway = stack.gateway(1);
    const nextUrl = rotating([gateway.wsUrl, stack.gateway(0).wsUrl], () => 0);
    const client = new ParleyClient({
      transport: webSocketTransport(nextUrl, { WebSocket }),
      getToken: () => token,
    });
    client.connect();
    await client.join(1);
    gateway.process.pause();
    try {
      const sentAt = performance.now();
      const msg = `m${++sent}`;
      expect(await client.send(1, msg).result).toMatchObject({ status: 'acked' });
      expect(performance.now() - sentAt).toBeLessThan(20_000);
      await bothHaveAll();
    } finally {
      gateway.process.resume();
      await client.close();
    }
  });

  it('loses nothing when Redis is killed and restarted, and leaves nobody deaf', async () => {
    await say();
    await stack.redis.kill();
    alice.send({ op: 3, roomId: 1, msg: 'no Redis', clientMsgId: 'no-redis', ref: 'no-redis' });
    await stack.redis.restart();
    // Accepted after all, or refused: either way it is answered.
    await alice.waitFor((frame) => frame['ref'] === 'no-redis', 15_000);
    const kept = await eventually(async () => {
      const page = await stack.api(token).history(1, {});
      return page.messages.some(({ clientMsgId }) => clientMsgId === 'no-redis');
    });
    await say();
    await say();
    await eventually(
      () => {
        for (const client of [alice, bob])
          expect(client.texts().filter((text) => text !== 'no Redis')).toEqual(
            Array.from({ length: sent }, (_, i) => `m${i + 1}`),
          );
        if (kept) expect(bob.texts()).toContain('no Redis');
      },
      { timeoutMs: 30_000 },
    );
  });

  it('sends everyone away, spread over the window, when an instance is told to stop, and exits 0', async () => {
    const crowd = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const client = await RawWs.connect(stack.gateway(0).wsUrl);
        client.send({ op: 20, authToken: token, roomId: 1 });
        await client.waitFor(({ op }) => op === 21);
        return client;
      }),
    );
    const gateway = stack.gateway(0);
    const exit = gateway.process.terminate(10_000);
    const delays = await Promise.all(
      [alice, ...crowd].map(async (client) =>
        Number((await client.waitFor(({ op }) => op === 25))['reconnectAfterMs']),
      ),
    );
    for (const client of [alice, ...crowd]) expect((await client.waitForClose()).code).toBe(4001);
    // Forty-one draws of a uniform delay all fall into one half of the window once in 10^12 runs.
    expect(Math.min(...delays)).toBeLessThan(DRAIN_WINDOW_MS / 2);
    expect(Math.max(...delays)).toBeGreaterThan(DRAIN_WINDOW_MS / 2);
    expect(Math.max(...delays)).toBeLessThan(DRAIN_WINDOW_MS);
    expect(await exit).toEqual({ code: 0, signal: null });
  });

  // The announcement to the registry waited for Redis: clients were not told to go, and the process ended with an error.
  // All at the same time: each of them does nothing but wait.
  it.concurrent.each(['connect-gateway', 'logic', 'task-worker', 'gateway-api'] as const)(
    'stops a %s in order while Redis does not answer',
    async (app) => {
      const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: stack.redis.port } });
      const { process, ports } = await stack.spawn(app, {
        PARLEY_REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
      });
      const client =
        app === 'connect-gateway' ? await RawWs.connect(`ws://127.0.0.1:${ports['ws']}/ws`) : undefined;
      client?.send({ op: 20, authToken: token, roomId: 1 });
      await client?.waitFor(({ op }) => op === 21);
      proxy.freeze();
      const exit = process.terminate(10_000);
      if (client) {
        expect(await client.waitFor(({ op }) => op === 25)).toMatchObject({ reason: 'shutdown' });
        expect((await client.waitForClose()).code).toBe(4001);
      }
      expect(await exit).toEqual({ code: 0, signal: null });
      await proxy.close();
    },
  );
});
