import { beforeAll, describe, expect, it } from 'vitest';
import { post, RawTcp, RawWs } from '../raw-clients.js';
import type { Stack } from '../stack.js';

/** gochat's own clients, byte for byte where its clients look: its React site and its TCP test client. */
export const gochatClients = (running: () => Stack) =>
  describe("gochat's clients work unchanged", () => {
    let stack: Stack;
    let token: string;

    beforeAll(async () => {
      stack = running();
      token = JSON.parse(
        (await post(`${stack.apiUrl}/user/login`, { userName: 'demo', passWord: '111111' })).text,
      ).data;
    });

    const call = (path: string, body: unknown) => post(`${stack.apiUrl}${path}`, body);

    it('answers checkAuth without a token with its session error, and HTTP 200', async () => {
      const { status, text } = await call('/user/checkAuth', { authToken: null });
      expect([status, text]).toEqual([200, '{"code":40000,"data":null,"message":"Session error"}']);
    });

    it('logs in with a token as data, and refuses a wrong password with code 1', async () => {
      expect(JSON.parse((await call('/user/login', { userName: 'demo', passWord: '111111' })).text)).toEqual({
        code: 0,
        data: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        message: 'login success',
      });
      const wrong = await call('/user/login', { userName: 'demo', passWord: 'not it' });
      expect(wrong.status).toBe(200);
      expect(JSON.parse(wrong.text)).toMatchObject({ code: 1, data: null, message: expect.any(String) });
    });

    it('registers, logs out, and then no longer knows the token', async () => {
      const registered = JSON.parse(
        (await call('/user/register', { userName: `new-${Date.now()}`, passWord: '111111', repeat: 'x' }))
          .text,
      );
      expect(registered).toMatchObject({ code: 0, message: 'register success' });
      expect(JSON.parse((await call('/user/logout', { authToken: registered.data })).text)).toMatchObject({
        code: 0,
      });
      expect(JSON.parse((await call('/user/checkAuth', { authToken: registered.data })).text)).toMatchObject({
        code: 40000,
      });
    });

    it('knows demo as user 3', async () => {
      expect((await call('/user/checkAuth', { authToken: token })).text).toBe(
        '{"code":0,"data":{"userId":3,"userName":"demo"},"message":"auth success"}',
      );
    });

    it('checks the token before every push handler', async () => {
      for (const route of ['push', 'pushRoom', 'count', 'getRoomInfo']) {
        expect(
          (await call(`/push/${route}`, { authToken: 'nonsense', roomId: 1, msg: 'x', toUserId: '4' })).text,
        ).toBe('{"code":40000,"data":null,"message":"Session error"}');
      }
    });

    it('joins over WebSocket by a first frame without op, announces members and count, and delivers room and direct messages', async () => {
      const alice = await RawWs.connect(stack.gateway(0).wsUrl);
      alice.send({ authToken: token, roomId: 1 });
      await alice.waitFor(({ op }) => op === 21);
      expect((await call('/push/getRoomInfo', { authToken: token, roomId: 1, op: 5 })).text).toBe(
        '{"code":0,"data":null,"message":"ok"}',
      );
      expect(await alice.waitFor(({ op }) => op === 5)).toEqual({
        op: 5,
        roomId: 1,
        count: 1,
        roomUserInfo: { 3: 'demo' },
      });

      const bob = await RawWs.connect(stack.gateway(1).wsUrl);
      bob.send({ authToken: await stack.login('demo1'), roomId: 1 });
      await bob.waitFor(({ op }) => op === 21);
      await call('/push/count', { authToken: token, roomId: 1 });
      expect(await alice.waitFor(({ op, count }) => op === 4 && count === 2)).toEqual({
        op: 4,
        roomId: 1,
        count: 2,
      });

      await call('/push/pushRoom', { op: 5, roomId: 1, authToken: token, msg: 'hello' });
      for (const client of [alice, bob]) {
        expect(await client.waitForText('hello')).toMatchObject({
          code: 0,
          msg: 'hello',
          fromUserId: 3,
          fromUserName: 'demo',
          toUserId: 0,
          toUserName: '',
          roomId: 1,
          op: 3,
          createTime: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
        });
      }
      await call('/push/push', { msg: 'only you', toUserId: '4', roomId: 1, authToken: token });
      expect(await bob.waitForText('only you')).toMatchObject({
        op: 2,
        fromUserId: 3,
        toUserId: 4,
        toUserName: 'demo1',
      });
      alice.close();
      bob.close();
    });

    // gochat's TCP server took fromUserId from the payload: anybody could speak as anybody.
    it('joins over TCP and publishes as the owner of the token, whatever the payload claims', async () => {
      const client = await RawTcp.connect(stack.gateway(0).tcpPort);
      client.send({ op: 6, authToken: token, roomId: 1, userId: 999, userName: 'x' });
      await client.waitFor(({ op }) => op === 21);
      client.send({
        op: 3,
        msg: 'who am I',
        roomId: 1,
        authToken: token,
        fromUserId: 999,
        fromUserName: 'x',
      });
      expect(await client.waitForText('who am I')).toMatchObject({ fromUserId: 3, fromUserName: 'demo' });
      client.close();
    });

    it('lets pages of any loopback origin call the API, and no others', async () => {
      const preflight = (origin: string) =>
        fetch(`${stack.apiUrl}/user/login`, {
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'content-type',
          },
        });
      for (const origin of ['http://localhost:3000', 'http://127.0.0.1:8080', 'http://[::1]:1234']) {
        expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBe(origin);
      }
      expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
    });
  });
