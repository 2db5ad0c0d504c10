import { ParleyClient, webSocketTransport } from '@parley/client';
import { eventually } from '@parley/testing';
import { Redis } from 'ioredis';
import { beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { post, RawTcp, RawWs } from '../raw-clients.js';
import type { Stack } from '../stack.js';

/** The largest frame, the most rooms, many reconnects at once, and a Redis that has lost everything. */
export const bounds = (running: () => Stack) =>
  describe('bounds', () => {
    let stack: Stack;
    let token: string;

    beforeAll(async () => {
      stack = running();
      token = await stack.login('demo');
    });

    const room = async (name: string) => (await stack.api(token).createRoom(name)).roomId;
    const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
    async function member(gateway: number, roomId: number): Promise<RawWs> {
      const client = await RawWs.connect(stack.gateway(gateway).wsUrl);
      client.send({ op: 20, authToken: token, roomId });
      await client.waitFor(({ op }) => op === 21);
      return client;
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
      // Each by itself: sixty-four joins are much for a machine that is busy otherwise, and one is not.
      const answers = [];
      for (const roomId of rooms) answers.push(await client.waitFor(({ ref }) => ref === roomId));
      expect(answers.slice(0, 64).map(({ op }) => op)).toEqual(Array(64).fill(21));
      expect(answers[64]).toMatchObject({ op: 23, code: 'TOO_MANY_ROOMS' });
      client.close();
    });

    it('brings five hundred clients of a killed gateway back at once, each with what it missed', async () => {
      const roomId = await room('storm');
      const sender = await member(1, roomId);
      const urls = [stack.gateway(0).wsUrl, stack.gateway(1).wsUrl];
      let turn = 0;
      const clients = range(1, 500).map(() => {
        let first = true;
        // To the gateway that will die first; afterwards to any.
        const client = sdk(() =>
          first ? ((first = false), urls[0] as string) : (urls[turn++ % 2] as string),
        );
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

    // One account over several connections and HTTP: its sends were parsed, passed on and counted in logic, among everybody's.
    it('refuses the flood of one account where it comes in, and nobody else is refused or kept waiting', async () => {
      const roomId = await room('flooded');
      const flooder = await stack.login('demo1');
      const other = await stack.login('demo2');
      const bystander = await RawWs.connect(stack.gateway(0).wsUrl);
      bystander.send({ op: 20, authToken: other, roomId });
      await bystander.waitFor(({ op }) => op === 21);
      const flood = await Promise.all(range(1, 4).map(() => RawWs.connect(stack.gateway(0).wsUrl)));
      for (const client of flood) client.send({ op: 20, authToken: flooder, roomId });
      const posts: Promise<number>[] = [];
      for (const round of range(1, 30)) {
        for (const client of flood)
          for (const i of range(1, 100))
            client.send({ op: 3, roomId, msg: `flood ${round} ${i}`, ref: 'flood' });
        posts.push(
          post(
            `${stack.apiUrl}/v1/rooms/${roomId}/messages`,
            { msg: 'flood' },
            { authorization: `Bearer ${flooder}`, 'idempotency-key': `flood-${round}` },
          ).then(({ status }) => status),
        );
        bystander.send({ op: 3, roomId, msg: `mine ${round}`, ref: round });
        await bystander.waitFor(({ op, ref }) => op === 22 && ref === round);
      }
      expect(bystander.ofOp(23)).toEqual([]);
      expect(bystander.ofOp(22).map(({ ref }) => ref)).toEqual(range(1, 30));
      await eventually(() => {
        const refused = flood.flatMap((client) => client.ofOp(23).map(({ code }) => code));
        expect(new Set(refused)).toEqual(new Set(['RATE_LIMITED']));
      });
      for (const status of await Promise.all(posts)) expect([201, 429]).toContain(status);
      const mine = () => bystander.texts().filter((text) => String(text).startsWith('mine'));
      await eventually(() => expect(mine()).toEqual(range(1, 30).map((round) => `mine ${round}`)));
      for (const client of [...flood, bystander]) client.close();
    });

    it('does not start one more instance than a service may have, and says why', async () => {
      const redis = new Redis(stack.redis.url);
      try {
        const [hash] = await redis.keys('*registry:gateway-api');
        const [, api] = Object.entries(await redis.hgetall(String(hash)))[0] ?? [];
        const record = api?.slice(api.indexOf('|'));
        const inAnHour = Date.now() + 3_600_000;
        // 253 more of a service that nobody calls: with the two that run, one place is left.
        for (const i of range(1, 253)) await redis.hset(String(hash), `other-${i}`, `${inAnHour}${record}`);
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
        await redis.hdel(String(hash), ...range(1, 253).map((i) => `other-${i}`));
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
      await eventually(() => expect(seen.map(({ msg }) => msg)).toEqual(['old', 'new']), {
        timeoutMs: 30_000,
      });
      expect(seen[1]?.seq).toBeGreaterThan(seen[0]?.seq ?? Infinity);
      expect(epochs).toHaveLength(1);
      await client.close();
    });
  });
