import { eventually } from '@parley/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { post, RawTcp, RawWs } from '../raw-clients.js';
import type { Stack } from '../stack.js';

/** Time to present a token, of the one gateway where none comes. */
const IDLE_MS = 1_500;

/** Whatever a client sends: it gets a typed answer, and others keep chatting. */
export const badInput = (running: () => Stack) =>
  describe('bad input', () => {
    let stack: Stack;
    let token: string;
    let bystander: RawWs;
    let talk = 0;

    beforeAll(async () => {
      stack = running();
      token = await stack.login('demo');
      bystander = await RawWs.connect(stack.gateway(0).wsUrl);
      bystander.send({ authToken: await stack.login('demo1'), roomId: 1 });
      await bystander.waitFor(({ op }) => op === 21);
    });
    afterAll(() => bystander?.close());

    let client: RawWs;
    beforeEach(async () => {
      client = await RawWs.connect(stack.gateway(0).wsUrl);
      return async () => {
        client.close();
        // The point of each of these tests: the others go on.
        const msg = `still here ${++talk}`;
        bystander.send({ op: 3, msg });
        await bystander.waitForText(msg);
      };
    });

    const join = async () => {
      client.send({ op: 20, authToken: token, roomId: 1 });
      await client.waitFor(({ op }) => op === 21);
    };
    const errorFor = (ref: string) => client.waitFor((frame) => frame.op === 23 && frame['ref'] === ref);

    it.each([
      ['{not json', 'BAD_JSON'],
      ['[]', 'INVALID'],
      ['null', 'INVALID'],
      ['"text"', 'INVALID'],
      ['{"op":99}', 'UNKNOWN_OP'],
      ['{"op":"3"}', 'UNKNOWN_OP'],
      ['{"op":20}', 'INVALID'],
      ['{"op":3,"msg":"x","roomId":-1}', 'INVALID'],
      ['{"op":3,"msg":"   ","roomId":1}', 'INVALID'],
      ['{"op":3,"msg":5,"roomId":1}', 'INVALID'],
      ['{"op":27,"roomId":1,"limit":9999}', 'INVALID'],
      [JSON.stringify({ op: 3, roomId: 1, msg: 'x'.repeat(4_001) }), 'MESSAGE_TOO_LONG'],
      ['{"op":34,"roomId":1}', 'INVALID'],
      ['{"op":34,"roomId":1,"act":{"act":"nonsense"}}', 'INVALID'],
      ['{"op":34,"roomId":1,"act":{"act":"timeout","userId":4,"seconds":0}}', 'INVALID'],
      ['{"op":34,"roomId":1,"act":{"act":"delete","from":9,"to":1}}', 'INVALID'],
      ['{"op":34,"roomId":99999,"act":{"act":"takeOver"}}', 'ROOM_NOT_FOUND'],
    ])('answers the frame %j with %s and keeps the connection', async (text, code) => {
      await join();
      client.sendText(text);
      expect(await client.waitFor(({ op }) => op === 23)).toMatchObject({ code, retryable: false });
      client.send({ op: 28, ref: 'alive' });
      await client.waitFor(({ op, ref }) => op === 29 && ref === 'alive');
    });

    it('accepts a text of exactly 4,000 code points, emoji included', async () => {
      await join();
      const msg = '😀'.repeat(4_000);
      client.send({ op: 3, roomId: 1, msg });
      await client.waitForText(msg);
    });

    // gochat closed a WebSocket frame above 512 bytes without a word.
    it('says that a WebSocket frame is too large before it closes', async () => {
      client.sendText('x'.repeat(40_000));
      expect(await client.waitFor(({ op }) => op === 23)).toMatchObject({ code: 'FRAME_TOO_LARGE' });
      expect(await client.waitForClose()).toEqual({ code: 4502, reason: 'FRAME_TOO_LARGE' });
    });

    it('closes a connection whose token is not valid with 4500', async () => {
      client.send({ authToken: 'nonsense', roomId: 1 });
      expect(await client.waitForClose()).toEqual({ code: 4500, reason: 'UNAUTHENTICATED' });
    });

    it('refuses every operation without a token, and closes with 4003 when none comes', async () => {
      const { process, ports } = await stack.spawn('connect-gateway', {
        PARLEY_UNAUTHENTICATED_IDLE_MS: String(IDLE_MS),
      });
      const stranger = await RawWs.connect(`ws://127.0.0.1:${ports['ws']}/ws`);
      stranger.send({ op: 3, roomId: 1, msg: 'x', ref: 'r' });
      expect(await stranger.waitFor(({ op, ref }) => op === 23 && ref === 'r')).toMatchObject({
        code: 'UNAUTHENTICATED',
      });
      expect(await stranger.waitForClose()).toEqual({ code: 4003, reason: 'AUTH_TIMEOUT' });
      await process.terminate();
    });

    it('refuses a room that does not exist, by name', async () => {
      client.send({ op: 20, authToken: token, roomId: 987654, ref: 'r' });
      expect(await errorFor('r')).toMatchObject({ code: 'ROOM_NOT_FOUND' });
    });

    // gochat put the same node into its list twice and looped for ever under a lock.
    it('takes a join sent twice as one', async () => {
      client.sendText(JSON.stringify({ authToken: token, roomId: 1 }));
      client.sendText(JSON.stringify({ authToken: token, roomId: 1 }));
      await eventually(() => expect(client.ofOp(21).length).toBe(2));
      client.send({ op: 3, msg: `twice joined ${talk}` });
      await client.waitForText(`twice joined ${talk}`);
      expect(client.texts().filter((text) => text === `twice joined ${talk}`)).toHaveLength(1);
    });

    it('moves a member whose second join is for another room', async () => {
      const { roomId } = await stack.api(token).createRoom('elsewhere');
      await join();
      client.send({ authToken: token, roomId });
      await client.waitFor(({ op, roomId: id }) => op === 21 && id === roomId);
      bystander.send({ op: 3, msg: 'for those who stayed' });
      await bystander.waitForText('for those who stayed');
      client.send({ op: 3, msg: 'here' });
      await client.waitForText('here');
      expect(client.texts()).not.toContain('for those who stayed');
    });

    it('closes a connection that sends nothing but rubbish with 4503', async () => {
      for (let i = 0; i < 120; i++) client.sendText('rubbish');
      expect(await client.waitForClose()).toEqual({ code: 4503, reason: 'TOO_MANY_ERRORS' });
    });

    it('refuses the upgrade to a page of a foreign origin', async () => {
      await expect(RawWs.connect(stack.gateway(0).wsUrl, { origin: 'https://evil.example' })).rejects.toThrow(
        /401|403/,
      );
    });

    describe('over TCP', () => {
      // gochat's splitter took a hostile length to make(), which panicked: one packet ended the gateway.
      it.each([
        ['a length of zero', '76310000', 'FRAME_BAD_LENGTH'],
        ['a length shorter than the header', '76310003', 'FRAME_BAD_LENGTH'],
        ['a negative length', '7631ffff', 'FRAME_TOO_LARGE'],
        ['another version', '76320010', 'FRAME_BAD_VERSION'],
        ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n').toString('hex'), 'FRAME_BAD_VERSION'],
      ])('answers %s with a typed error and closes', async (_name, hex, code) => {
        const tcp = await RawTcp.connect(stack.gateway(0).tcpPort);
        tcp.sendBytes(Buffer.from(hex, 'hex'));
        expect(await tcp.waitFor(({ op }) => op === 23)).toMatchObject({ code });
        await tcp.waitForClose();
      });

      it('handles the good frames that came before a bad one in the same chunk', async () => {
        const tcp = await RawTcp.connect(stack.gateway(0).tcpPort);
        const good = Buffer.from(JSON.stringify({ op: 28, ref: 'first' }));
        const header = Buffer.from([0x76, 0x31, 0, good.length + 4]);
        tcp.sendBytes(Buffer.concat([header, good, Buffer.from('xx')]));
        await tcp.waitFor(({ op, ref }) => op === 29 && ref === 'first');
        await tcp.waitFor(({ code }) => code === 'FRAME_BAD_VERSION');
      });

      it('takes a frame one byte at a time', async () => {
        const tcp = await RawTcp.connect(stack.gateway(0).tcpPort);
        const payload = Buffer.from(JSON.stringify({ op: 6, authToken: token, roomId: 1 }));
        const header = Buffer.from([0x76, 0x31, 0, 0]);
        header.writeUInt16BE(payload.length + 4, 2);
        for (const byte of Buffer.concat([header, payload])) tcp.sendBytes(Buffer.from([byte]));
        await tcp.waitFor(({ op }) => op === 21);
        tcp.close();
      });
    });

    describe('over HTTP', () => {
      it.each(['{bad', '[]', '"x"', 'null', '{"userName":5}', ''])(
        "answers gochat's routes with HTTP 200 and code 1 for %j",
        async (body) => {
          const { status, text } = await post(`${stack.apiUrl}/user/login`, body);
          expect(status).toBe(200);
          expect(JSON.parse(text)).toMatchObject({ code: 1, data: null });
        },
      );

      it.each([
        ['/v1/login', '{bad', 400, 'BAD_JSON'],
        ['/v1/login', '{}', 400, 'INVALID'],
        [
          '/v1/login',
          JSON.stringify({ userName: 'x', password: 'y'.repeat(70_000) }),
          413,
          'PAYLOAD_TOO_LARGE',
        ],
        ['/v1/rooms', '{"name":"x"}', 401, 'UNAUTHENTICATED'],
        ['/v1/nothing', '{}', 404, 'NOT_FOUND'],
      ])('answers POST %s with problem details', async (path, body, status, code) => {
        const response = await post(`${stack.apiUrl}${path}`, body);
        expect(response.status).toBe(status);
        expect(response.headers.get('content-type')).toContain('application/problem+json');
        expect(JSON.parse(response.text)).toMatchObject({ status, code });
      });

      it('limits log-ins from one address', async () => {
        const answers = await Promise.all(
          Array.from({ length: 40 }, () =>
            post(`${stack.apiUrl}/v1/login`, { userName: 'guessed at', password: 'wrong!' }),
          ),
        );
        expect(answers.map(({ status }) => status)).toContain(429);
        const limited = answers.find(({ status }) => status === 429);
        expect(Number(limited?.headers.get('retry-after'))).toBeGreaterThan(0);
      });
    });

    it('has written no token, password or message text to any log', () => {
      const logs = stack.logs();
      for (const secret of [token, '111111', 'still here', 'wrong!', 'a secret of the end to end tests'])
        expect(logs).not.toContain(secret);
    });
  });
