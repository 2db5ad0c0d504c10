import { logicRpc } from '@parley/contracts';
import { ackOf, startApiApp, type ApiApp } from '../api-app.fixture.js';
import { callsOf, forget } from './v1-calls.fixture.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

let api: ApiApp;
beforeAll(async () => {
  api = await startApiApp();
});
afterAll(() => api.close());
beforeEach(() => forget(api));
const { bearer, post } = callsOf(() => api);

describe('sends', () => {
  const acks = () =>
    api.logic.on(logicRpc.publishMany, ({ sends }) => ({
      results: sends.map(({ clientMsgId }, i) => ({ ok: true as const, ack: ackOf(clientMsgId, i + 1) })),
    }));
  const sends = () =>
    api.logic.calls.map(({ request }) => (request as { sends: Record<string, unknown>[] }).sends);

  it('answer 201 with the ack; the key is the clientMsgId', async () => {
    acks();
    const reply = await post(
      '/v1/rooms/1/messages',
      { msg: 'hi' },
      { ...bearer(), 'idempotency-key': 'k-1' },
    );
    expect(reply.statusCode).toBe(201);
    expect(reply.json()).toEqual(ackOf('k-1'));
    const direct = await post(
      '/v1/users/4/messages',
      { msg: 'psst' },
      { ...bearer(), 'idempotency-key': 'k-2' },
    );
    expect(direct.statusCode).toBe(201);
    const from = { userId: 3, userName: 'demo' };
    expect(sends()).toEqual([
      [{ from, roomId: 1, text: 'hi', clientMsgId: 'k-1' }],
      [{ from, toUserId: 4, text: 'psst', clientMsgId: 'k-2' }],
    ]);
  });

  it('answer 200 when it had been sent before', async () => {
    api.logic.on(logicRpc.publishMany, () => ({
      results: [{ ok: true as const, ack: { ...ackOf('k'), duplicate: true } }],
    }));
    const reply = await post('/v1/rooms/1/messages', { msg: 'hi' }, { ...bearer(), 'idempotency-key': 'k' });
    expect([reply.statusCode, reply.json().duplicate]).toEqual([200, true]);
  });

  it('of one turn and room travel in one call; each gets its own answer', async () => {
    api.logic.on(logicRpc.publishMany, ({ sends: batch }) => ({
      results: batch.map(({ clientMsgId, text }, i) =>
        text === 'bad'
          ? { ok: false as const, code: 'RATE_LIMITED' as const, retryAfterMs: 1_500 }
          : { ok: true as const, ack: ackOf(clientMsgId, i + 1) },
      ),
    }));
    const send = (roomId: number, msg: string) => post(`/v1/rooms/${roomId}/messages`, { msg });
    const [a, bad, c, other] = await Promise.all([send(1, 'a'), send(1, 'bad'), send(1, 'c'), send(2, 'd')]);
    expect(sends().map((batch) => batch.map(({ text }) => text))).toEqual([['a', 'bad', 'c'], ['d']]);
    expect([a?.json().seq, c?.json().seq, other?.json().seq]).toEqual([1, 3, 1]);
    expect(bad?.statusCode).toBe(429);
    expect(bad?.headers['retry-after']).toBe('2');
    expect(bad?.json()).toMatchObject({ code: 'RATE_LIMITED', retryable: true, retryAfterMs: 1_500 });
  });

  it('are refused before logic hears of them', async () => {
    const url = '/v1/rooms/1/messages';
    expect((await post(url, { msg: 'x'.repeat(4_001) })).json()).toMatchObject({
      status: 413,
      code: 'MESSAGE_TOO_LONG',
    });
    expect((await post(url, { msg: '  ' })).json()).toMatchObject({ code: 'INVALID', fields: ['msg'] });
    for (const key of ['', 'no spaces', 'x'.repeat(65)]) {
      const reply = await post(url, { msg: 'x' }, { ...bearer(), 'idempotency-key': key });
      expect(reply.json()).toMatchObject({ status: 400, fields: ['Idempotency-Key'] });
    }
    expect(api.logic.calls).toEqual([]);
  });

  it('counts code points, not UTF-16 units', async () => {
    acks();
    expect((await post('/v1/rooms/1/messages', { msg: '😀'.repeat(4_000) })).statusCode).toBe(201);
  });
});

describe('bytes', () => {
  const url = '/v1/rooms/1/messages';
  const send = (payload: Buffer, type = 'application/json') =>
    api.app.inject({ method: 'POST', url, payload, headers: { ...bearer(), 'content-type': type } });
  const body = (msg: Buffer) => Buffer.concat([Buffer.from('{"msg":"'), msg, Buffer.from('"}')]);
  const acks = () =>
    api.logic.on(logicRpc.publishMany, ({ sends }) => ({
      results: sends.map(({ clientMsgId }) => ({ ok: true as const, ack: ackOf(clientMsgId) })),
    }));

  // They were kept as U+FFFD: two different texts under one idempotency key counted as the same.
  it.each([
    ['a lone byte', [0xff]],
    ['Latin-1', [0x63, 0x61, 0x66, 0xe9]],
    ['a cut character', [0xf0, 0x9f, 0x98]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a pair of surrogates', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
    ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
  ])('that are no UTF-8 are refused, on both APIs: %s', async (_, bytes) => {
    for (const type of ['application/json', 'application/json; charset=utf-8']) {
      const reply = await send(body(Buffer.from(bytes)), type);
      expect(reply.json()).toMatchObject({ status: 400, code: 'BAD_JSON' });
    }
    const seed = Buffer.concat([
      Buffer.from(`{"authToken":"${api.token()}","roomId":1,"msg":"`),
      Buffer.from(bytes),
      Buffer.from('"}'),
    ]);
    for (const type of ['application/json', 'text/plain; charset=utf-8', 'application/octet-stream']) {
      const headers = { 'content-type': type };
      const reply = await api.app.inject({ method: 'POST', url: '/push/pushRoom', payload: seed, headers });
      expect([reply.statusCode, reply.json().code]).toEqual([200, 1]);
    }
    expect(api.logic.calls).toEqual([]);
    expect(api.errors).toEqual([]);
  });

  it.each(['utf-16', 'UTF-16LE', 'iso-8859-1', '"windows-1252"', 'utf-8; charset=utf-16', 'utf-32', 'utf-7'])(
    'in another charset are refused: %s',
    async (charset) => {
      const type = `application/json; charset=${charset}`;
      const reply = await send(body(Buffer.from('x')), type);
      expect(reply.json()).toMatchObject({ status: 400, code: 'INVALID', fields: ['Content-Type'] });
      const headers = { 'content-type': type };
      const seed = await api.app.inject({ method: 'POST', url: '/user/login', payload: '{}', headers });
      expect(seed.json()).toMatchObject({ code: 1, message: expect.stringContaining('Content-Type') });
    },
  );

  it('in UTF-16, without saying so, are refused', async () => {
    const text = Buffer.from('\ufeff{"msg":"x"}', 'utf16le');
    for (const bytes of [text, text.subarray(2), Buffer.from(text).swap16()])
      expect((await send(bytes)).json()).toMatchObject({ status: 400, code: 'BAD_JSON' });
  });

  it.each(['utf-8', 'UTF-8', '"utf-8"', 'utf8', 'us-ascii'])('in %s are read', async (charset) => {
    acks();
    expect((await send(body(Buffer.from('x')), `application/json; charset=${charset}`)).statusCode).toBe(201);
  });

  it('behind a byte order mark are read, and the text is what was sent', async () => {
    acks();
    const text = '\ufeff👍 \u0085\ufffd\u2028 \t';
    expect((await send(Buffer.from(`\ufeff${JSON.stringify({ msg: text })}`))).statusCode).toBe(201);
    expect(api.logic.calls[0]?.request).toMatchObject({ sends: [{ text }] });
  });

  it.each([
    ['half a surrogate pair', '"a\\ud83d"'],
    ['NUL', '"a\\u0000b"'],
    ['nothing to see', '"\\u200b\\u3164\\ufe0f"'],
  ])('%s is INVALID', async (_, msg) => {
    const reply = await post(url, `{"msg":${msg}}`);
    expect(reply.json()).toMatchObject({ status: 400, code: 'INVALID', fields: ['msg'] });
    const seed = await post('/push/pushRoom', `{"authToken":"${api.token()}","roomId":1,"msg":${msg}}`);
    expect(seed.json()).toMatchObject({ code: 1, message: expect.stringContaining('(msg)') });
    expect(api.logic.calls).toEqual([]);
  });

  // Postgres refuses NUL: it was answered 500.
  it.each([
    ['/v1/login', '{"userName":"a\\u0000","password":"111111"}', 'userName'],
    ['/v1/login', '{"userName":"a","password":"\\ud800111111"}', 'password'],
    ['/v1/register', '{"userName":"a\\u0000","password":"111111"}', 'userName'],
    ['/v1/register', '{"userName":"a","password":"111111\\u0000"}', 'password'],
    ['/v1/rooms', '{"name":"a\\u0000"}', 'name'],
    ['/user/login', '{"userName":"a\\u0000","passWord":"111111"}', 'userName'],
    ['/user/register', '{"userName":"a","passWord":"111111\\udfff"}', 'passWord'],
  ])('%s refuses %s', async (route, payload, field) => {
    const reply = await post(route, payload);
    if (route.startsWith('/v1'))
      expect(reply.json()).toMatchObject({ status: 400, code: 'INVALID', fields: [field] });
    else expect(reply.json()).toMatchObject({ code: 1, message: expect.stringContaining(`(${field})`) });
    expect(api.logic.calls).toEqual([]);
  });

  it.each(['1.00000000000000000001', '9007199254740993', '1e400', '-0', '0', '1.5', '"01"', '" 1"', '"1e3"'])(
    'the room %s of gochat’s clients is none',
    async (id) => {
      const reply = await post('/push/pushRoom', `{"authToken":"${api.token()}","roomId":${id},"msg":"x"}`);
      expect(reply.json()).toMatchObject({ code: 1, message: expect.stringContaining('(roomId)') });
    },
  );
});
