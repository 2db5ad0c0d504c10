import { eventually, startTcpProxy, type TcpProxy } from '@parley/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawTcp, RawWs, type RawClient } from '../raw-clients.js';
import type { AppProcess, Stack } from '../stack.js';

/** What the product promises: a logout closes the session's sockets, on every gateway, in this time. */
const CLOSED_WITHIN_MS = 1_000;
const revoked = { code: 4501, reason: 'SESSION_REVOKED' };

export const revocation = (running: () => Stack) =>
  describe('revocation', () => {
    let stack: Stack;
    let proxy: TcpProxy;
    let third: AppProcess;

    /** The third gateway reaches Redis through a network that can be broken. */
    beforeAll(async () => {
      stack = running();
      proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: stack.redis.port } });
      third = await stack.spawn('connect-gateway', { PARLEY_REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
    });
    afterAll(async () => {
      await third?.process.terminate();
      await proxy?.close();
    });

    async function member(token: string, at: 'ws' | 'tcp', gateway: number, roomId = 1): Promise<RawClient> {
      const { wsUrl, tcpPort } = stack.gateway(gateway);
      const client = at === 'ws' ? await RawWs.connect(wsUrl) : await RawTcp.connect(tcpPort);
      client.send({ op: 20, authToken: token, roomId });
      await client.waitFor(({ op }) => op === 21);
      return client;
    }
    const everywhere = (token: string) =>
      Promise.all([0, 1, 2].flatMap((i) => [member(token, 'ws', i), member(token, 'tcp', i)]));
    async function stillServes(client: RawClient): Promise<void> {
      const ref = `ping ${Date.now()}`;
      client.send({ op: 28, ref });
      await client.waitFor((frame) => frame.op === 29 && frame['ref'] === ref);
    }

    it("closes a session's sockets on every gateway and over both transports within a second, and no others", async () => {
      const [phone, laptop] = [await stack.login('demo3'), await stack.login('demo3')];
      const [onPhone, onLaptop] = await Promise.all([everywhere(phone), everywhere(laptop)]);
      await stack.api(phone).logout();
      await Promise.all(
        onPhone.map(async (client) => expect(await client.waitForClose(CLOSED_WITHIN_MS)).toEqual(revoked)),
      );
      // The same user's other session.
      for (const client of onLaptop) await stillServes(client);
      await expect(stack.api(phone).me()).rejects.toMatchObject({ code: 'SESSION_REVOKED' });
      expect(await stack.api(laptop).me()).toMatchObject({ userName: 'demo3' });
      for (const client of onLaptop) client.close();
    });

    it('closes a socket that came only with a reconnect, and lets the session in nowhere afterwards', async () => {
      const token = await stack.login('demo2');
      const first = await member(token, 'ws', 0);
      const { seq, epoch } = (await first.waitFor(({ op }) => op === 21)) as { seq?: number; epoch?: string };
      first.close();
      await first.waitForClose();
      const again = await RawTcp.connect(stack.gateway(1).tcpPort);
      again.send({ op: 20, authToken: token, roomId: 1, lastSeq: seq, epoch });
      await again.waitFor(({ op }) => op === 21);
      await stack.api(token).logout();
      expect(await again.waitForClose(CLOSED_WITHIN_MS)).toEqual(revoked);
      for (const gateway of [0, 1, 2]) {
        const late = await RawWs.connect(stack.gateway(gateway).wsUrl);
        late.send({ op: 20, authToken: token, roomId: 1 });
        expect(await late.waitForClose()).toEqual(revoked);
      }
    });

    // What came between the close and the peer's answer to it was still accepted, for two seconds.
    it('takes nothing more from a session that is over, although its peer does not close', async () => {
      const token = await stack.login('demo1');
      const { roomId } = await stack.api(token).createRoom('over');
      const [reading, deaf] = await Promise.all([
        member(token, 'ws', 0, roomId),
        RawTcp.connect(stack.gateway(0).tcpPort),
      ]);
      deaf.send({ op: 20, authToken: token, roomId });
      await deaf.waitFor(({ op }) => op === 21);
      // It does not hear that it is to close.
      deaf.socket.pause();
      await stack.api(token).logout();
      expect(await reading.waitForClose(CLOSED_WITHIN_MS)).toEqual(revoked);
      const lost = new Promise((resolve) => deaf.socket.once('error', resolve).once('close', resolve));
      for (let i = 0; i < 5; i++) deaf.send({ op: 3, roomId, msg: `too late ${i}` });
      deaf.socket.resume();
      await lost;
      const page = await stack.api(await stack.login('demo1')).history(roomId, {});
      expect(page.messages).toEqual([]);
    });

    it.each([
      ['cut off from Redis', () => proxy.cut(), () => proxy.restore()],
      ['deaf to Redis, its connections half open', async () => proxy.freeze(), async () => proxy.thaw()],
    ])(
      'closes them on a gateway that was %s during the logout, once it is back',
      async (_name, cut, restore) => {
        const [token, other] = [await stack.login('demo'), await stack.login('demo')];
        const clients = await Promise.all([member(token, 'ws', 2), member(token, 'tcp', 2)]);
        const stays = await member(other, 'ws', 2);
        const elsewhere = await member(token, 'ws', 0);
        await cut();
        await stack.api(token).logout();
        expect(await elsewhere.waitForClose(CLOSED_WITHIN_MS)).toEqual(revoked);
        // It cannot know.
        for (const client of clients) expect(client.closed).toBeUndefined();
        await restore();
        for (const client of clients) expect(await client.waitForClose(5_000)).toEqual(revoked);
        await eventually(() => stillServes(stays));
        stays.close();
      },
    );
  });
