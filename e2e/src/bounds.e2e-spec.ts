import { ParleyClient, webSocketTransport } from '@parley/client';
import { eventually } from '@parley/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { RawTcp, RawWs } from './raw-clients.js';
import { Stack } from './stack.js';

/** Slow members, long absences, many reconnects at once, and a Redis that has lost everything. */
describe('bounds', () => {
  let stack: Stack;
  let token: string;

  beforeAll(async () => {
    stack = await Stack.start({ env: { PARLEY_SEND_BURST: '20000', PARLEY_SENDS_PER_SECOND: '20000' } });
    token = await stack.login('demo');
  });
  afterAll(() => stack.stop());

  const room = async (name: string) => (await stack.api(token).createRoom(name)).roomId;
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  async function member(gateway: number, roomId: number): Promise<RawWs> {
    const client = await RawWs.connect(stack.gateway(gateway).wsUrl);
    client.send({ op: 20, authToken: token, roomId });
    await client.waitFor(({ op }) => op === 21);
    return client;
  }
  /** Sends in order, with so many unacknowledged at a time. */
  async function flood(sender: RawWs, roomId: number, count: number, text: string): Promise<void> {
    const before = sender.ofOp(22).length;
    for (let sent = 0; sent < count;) {
      const batch = Math.min(200, count - sent);
      for (let i = 0; i < batch; i++) sender.send({ op: 3, roomId, msg: `${++sent} ${text}` });
      await eventually(() => expect(sender.ofOp(22).length - before).toBe(sent), { timeoutMs: 30_000 });
    }
  }
  function sdk(urls: () => string): ParleyClient {
    const client = new ParleyClient({
      transport: webSocketTransport(urls, { WebSocket: WebSocket as never }),
      getToken: () => token,
      backoff: { minMs: 50, maxMs: 1_000 },
    });
    client.connect();
    return client;
  }

  /** A value that the first gateway serves at `/metrics`. */
  async function metric(name: string): Promise<number> {
    const text = await (
      await fetch(`${stack.gateway(0).wsUrl.replace('ws:', 'http:').replace('/ws', '/metrics')}`)
    ).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  // gochat dropped what did not fit into a member's channel, without a word.
  it('neither waits for nor forgets a member that stops reading: bounded memory, one resync, then live again', async () => {
    const roomId = await room('slow');
    const [sender, reader] = await Promise.all([member(0, roomId), member(0, roomId)]);
    reader.socket.pause();
    // More than every socket buffer on the way holds.
    await flood(sender, roomId, 1_500, '界'.repeat(3_900));
    await eventually(() => expect(sender.seqs()).toEqual(range(1, 1_500)));
    const bufferedBytes = await metric('parley_outbound_buffered_bytes');
    // It is full, and holds no more than the bound and one flush.
    expect(bufferedBytes).toBeGreaterThan(0);
    expect(bufferedBytes).toBeLessThan(262_144 + 2 * 65_536);
    reader.socket.resume();
    const resync = await reader.waitFor(({ op }) => op === 24, 20_000);
    expect(resync).toMatchObject({ roomId, reason: 'slow', to: expect.any(Number) });
    sender.send({ op: 3, roomId, msg: 'and on' });
    await reader.waitForText('and on', 20_000);
    const missing = range(Number(resync['from']), Number(resync['to']));
    const covered = new Set([...reader.seqs(), ...missing]);
    expect([...covered].sort((a, b) => Number(a) - Number(b))).toEqual(range(1, 1_501));
    expect(new Set(reader.seqs()).size).toBe(reader.seqs().length);
    sender.close();
    reader.close();
  });

  it(
    'gives a client that did not read for a minute in a busy room everything afterwards',
    { timeout: 180_000 },
    async () => {
      const roomId = await room('a minute');
      const sender = await member(1, roomId);
      const sockets: WebSocket[] = [];
      class Kept extends WebSocket {
        constructor(...args: ConstructorParameters<typeof WebSocket>) {
          super(...args);
          sockets.push(this);
        }
      }
      const client = new ParleyClient({
        transport: webSocketTransport(() => stack.gateway(0).wsUrl, { WebSocket: Kept as never }),
        getToken: () => token,
        heartbeat: { intervalMs: 120_000, timeoutMs: 120_000 },
      });
      const seqs: number[] = [];
      client.on('message', ({ seq }) => seqs.push(seq));
      client.connect();
      await client.join(roomId);
      sockets[0]?.pause();
      const until = Date.now() + 60_000;
      let sent = 0;
      while (Date.now() < until) {
        await flood(sender, roomId, 20, '界'.repeat(2_000));
        sent += 20;
        expect(await metric('parley_outbound_buffered_bytes')).toBeLessThan(262_144 + 2 * 65_536);
        const next = Date.now() + 200;
        await eventually(() => expect(Date.now()).toBeGreaterThan(next));
      }
      expect(sent).toBeGreaterThan(1_000);
      sockets[0]?.resume();
      await eventually(() => expect(seqs.length).toBe(sent), { timeoutMs: 60_000 });
      expect(seqs).toEqual(range(1, sent));
      await client.close();
      sender.close();
    },
  );

  /** A ping of so many bytes. */
  function pingOf(bytes: number): string {
    const payload = JSON.stringify({ op: 28, ref: 'big', filler: '' });
    return JSON.stringify({ op: 28, ref: 'big', filler: 'x'.repeat(bytes - payload.length) });
  }

  it('takes a WebSocket frame of exactly the largest size, and no larger one', async () => {
    const client = await RawWs.connect(stack.gateway(0).wsUrl);
    client.sendText(pingOf(32_767));
    await client.waitFor(({ op, ref }) => op === 29 && ref === 'big');
    client.sendText(pingOf(32_768));
    expect(await client.waitForClose()).toEqual({ code: 4502, reason: 'FRAME_TOO_LARGE' });
    expect(client.ofOp(29)).toHaveLength(1);
    expect(client.ofOp(23)).toMatchObject([{ code: 'FRAME_TOO_LARGE' }]);
  });

  it('takes a TCP frame of exactly the largest size, and no larger one', async () => {
    const tcp = await RawTcp.connect(stack.gateway(0).tcpPort);
    tcp.sendText(pingOf(32_767 - 4));
    await tcp.waitFor(({ op, ref }) => op === 29 && ref === 'big');
    const tooLarge = Buffer.from([0x76, 0x31, 0x80, 0x00]);
    tcp.sendBytes(tooLarge);
    expect(await tcp.waitFor(({ op }) => op === 23)).toMatchObject({ code: 'FRAME_TOO_LARGE' });
    await tcp.waitForClose();
  });

  it('lets a connection into sixty-four rooms and refuses the next', async () => {
    const rooms = await Promise.all(range(1, 65).map((i) => room(`one of many ${i}`)));
    const client = await RawWs.connect(stack.gateway(0).wsUrl);
    for (const roomId of rooms) client.send({ op: 20, authToken: token, roomId, ref: roomId });
    const last = rooms.at(-1);
    expect(await client.waitFor(({ op, ref }) => op === 23 && ref === last)).toMatchObject({
      code: 'TOO_MANY_ROOMS',
    });
    expect(client.ofOp(21)).toHaveLength(64);
    client.close();
  });

  it('pages ten thousand messages to a member that was away, in order and once', async () => {
    const roomId = await room('away');
    const sender = await member(1, roomId);
    const { epoch } = await sender.waitFor(({ op }) => op === 21);
    await flood(sender, roomId, 10_000, 'x');
    const client = sdk(() => stack.gateway(0).wsUrl);
    const seqs: number[] = [];
    client.on('message', ({ seq }) => seqs.push(seq));
    await client.join(roomId, { lastSeq: 1, epoch: String(epoch) });
    await eventually(() => expect(seqs.length).toBe(9_999), { timeoutMs: 40_000 });
    expect(seqs).toEqual(range(2, 10_000));
    await client.close();
    sender.close();
  });

  it('brings five hundred clients of a killed gateway back at once, each with what it missed', async () => {
    const roomId = await room('storm');
    const sender = await member(1, roomId);
    const urls = [stack.gateway(0).wsUrl, stack.gateway(1).wsUrl];
    let turn = 0;
    const clients = range(1, 500).map(() => {
      let first = true;
      // To the gateway that will die first; afterwards to any.
      const client = sdk(() => (first ? ((first = false), urls[0] as string) : (urls[turn++ % 2] as string)));
      const texts: string[] = [];
      client.on('message', ({ msg }) => texts.push(msg));
      return { client, texts };
    });
    await Promise.all(clients.map(({ client }) => client.join(roomId)));
    sender.send({ op: 3, roomId, msg: 'before' });
    await eventually(() => expect(clients.filter(({ texts }) => texts.length === 1)).toHaveLength(500), {
      timeoutMs: 20_000,
    });
    await stack.gateway(0).process.kill9();
    for (const i of range(1, 20)) sender.send({ op: 3, roomId, msg: `during ${i}` });
    const expected = ['before', ...range(1, 20).map((i) => `during ${i}`)];
    await eventually(
      () => expect(clients.filter(({ texts }) => texts.length === expected.length)).toHaveLength(500),
      { timeoutMs: 40_000 },
    );
    for (const { texts } of clients) expect(texts).toEqual(expected);
    await Promise.all(clients.map(({ client }) => client.close()));
    await stack.spawn('connect-gateway');
    sender.close();
  });

  // gochat counted with INCR and DECR, and its member list was changed under a read lock.
  it('counts exactly after a storm of joins and leaves of many tabs of a few users', async () => {
    const roomId = await room('in and out');
    const tokens = await Promise.all(['demo', 'demo1', 'demo2', 'demo3'].map((name) => stack.login(name)));
    const tabs = await Promise.all(
      range(0, 39).map(async (i) => {
        const gateway = stack.gateway(i % 2);
        return i % 4 < 2 ? RawWs.connect(gateway.wsUrl) : RawTcp.connect(gateway.tcpPort);
      }),
    );
    const enter = (i: number) => tabs[i]?.send({ op: 20, authToken: tokens[i % 4], roomId });
    const leave = (i: number) => tabs[i]?.send({ op: 26, authToken: tokens[i % 4], roomId });
    for (let round = 0; round < 20; round++) {
      for (const i of range(0, 39)) (round % 2 === 0 || i % 3 === 0 ? enter : leave)(i);
    }
    // The last round left the tabs whose number is a multiple of three: of every user some.
    const count = async () => (await stack.api(token).members(roomId)).count;
    await eventually(async () => expect(await count()).toBe(4));
    for (const i of range(0, 39)) if (i % 4 !== 1) leave(i);
    await eventually(async () => expect(await count()).toBe(1));
    for (const tab of tabs) tab.close();
    await eventually(async () => expect(await count()).toBe(0));
  });

  it('does not start one more instance than a service may have, and says why', async () => {
    const redis = new Redis(stack.redis.url);
    try {
      const [hash] = await redis.keys('*registry:gateway-api');
      const [, api] = Object.entries(await redis.hgetall(String(hash)))[0] ?? [];
      const record = api?.slice(api.indexOf('|'));
      const inAnHour = Date.now() + 3_600_000;
      // 254 more of a service that nobody calls: with the one that runs, one place is left.
      for (const i of range(1, 254)) await redis.hset(String(hash), `other-${i}`, `${inAnHour}${record}`);
      const last = await stack.spawn('gateway-api');
      const refused = await stack.launch('gateway-api');
      expect((await refused.exited).code).toBe(1);
      expect(refused.output()).toContain(
        'the registry has 256 live instances of gateway-api, and takes no more',
      );
      // Renewing their leases, the others never notice.
      expect(last.process.running).toBe(true);
      await last.process.terminate();
      expect(last.process.output()).not.toContain('takes no more');
      await redis.hdel(String(hash), ...range(1, 254).map((i) => `other-${i}`));
    } finally {
      redis.disconnect();
    }
  });

  it('tells everybody of a new epoch when Redis has lost everything, and never issues a number twice', async () => {
    const roomId = await room('emptied');
    const client = sdk(() => stack.gateway(0).wsUrl);
    const epochs: string[] = [];
    const seen: { seq: number; msg: string }[] = [];
    client.on('epoch', ({ epoch }) => epochs.push(epoch));
    client.on('message', ({ seq, msg }) => seen.push({ seq, msg }));
    await client.join(roomId);
    expect((await client.send(roomId, 'old').result).status).toBe('acked');
    await eventually(() => expect(seen).toHaveLength(1));
    const redis = new Redis(stack.redis.url);
    await redis.flushall();
    redis.disconnect();
    const after = await client.send(roomId, 'new').result;
    expect(after).toMatchObject({ status: 'acked', ack: { seq: expect.any(Number) } });
    await eventually(() => expect(seen.map(({ msg }) => msg)).toEqual(['old', 'new']), { timeoutMs: 30_000 });
    expect(seen[1]?.seq).toBeGreaterThan(seen[0]?.seq ?? Infinity);
    expect(epochs).toHaveLength(1);
    await client.close();
  });
});
