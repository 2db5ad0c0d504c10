import { eventually } from '@parley/testing';
import fc from 'fast-check';
import { createConnection } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawWs } from './raw-clients.js';
import { Stack } from './stack.js';

const CASES = 10_000;
const AT_ONCE = 50;

/** Ten thousand of anything, on live sockets: nobody crashes, hangs or fails to answer the others. */
describe('fuzz', { timeout: 180_000 }, () => {
  let stack: Stack;
  let bystander: RawWs;
  let token: string;

  beforeAll(async () => {
    stack = await Stack.start({
      env: { PARLEY_REQUESTS_PER_SECOND: '1000000', PARLEY_LOGIN_PER_MINUTE: '1000000' },
    });
    token = await stack.login('demo');
    bystander = await RawWs.connect(stack.gateway(0).wsUrl);
    bystander.send({ op: 20, authToken: await stack.login('demo1'), roomId: 1 });
    await bystander.waitFor(({ op }) => op === 21);
  });
  afterAll(() => stack.stop());

  /** Runs one job a case, so many at a time. */
  async function forEach<T>(cases: readonly T[], job: (value: T) => Promise<void>): Promise<void> {
    const queue = cases[Symbol.iterator]();
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (const value of { [Symbol.iterator]: () => queue }) await job(value);
      }),
    );
  }
  async function everybodyIsWell(): Promise<void> {
    const msg = `still here ${Date.now()}`;
    bystander.send({ op: 3, roomId: 1, msg });
    await bystander.waitForText(msg);
    for (const { app, process } of stack.apps) expect([app, process.running]).toEqual([app, true]);
    expect(stack.logs()).not.toMatch(/unhandledRejection|uncaughtException|"level":60/);
  }

  const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
  /** Half of them begin like a frame, so that the decoder gets further. */
  const tcpCase = fc.oneof(
    bytes,
    bytes.map((tail) => new Uint8Array([0x76, 0x31, 0, tail.length + 4, ...tail])),
  );
  /** Frames that are nearly right: known opcodes, and fields of any type. */
  const frame = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record(
        {
          op: fc.oneof(fc.constantFrom(2, 3, 4, 5, 6, 20, 22, 26, 27, 28, 29), fc.anything()),
          roomId: fc.oneof(fc.constantFrom(1, '1', 0, -1, 1e20), fc.anything()),
          msg: fc.oneof(fc.string({ unit: 'binary' }), fc.anything()),
          authToken: fc.oneof(fc.string(), fc.anything()),
          after: fc.anything(),
          lastSeq: fc.anything(),
          clientMsgId: fc.anything(),
          ref: fc.anything(),
        },
        { requiredKeys: [] },
      )
      .map(
        (value) =>
          JSON.stringify(value, (_key, inner: unknown) =>
            typeof inner === 'bigint' ? String(inner) : inner,
          ) ?? 'null',
      ),
  );

  it(`survives ${CASES} TCP connections that send random bytes`, async () => {
    await forEach(fc.sample(tcpCase, CASES), async (data) => {
      await new Promise<void>((resolve) => {
        const socket = createConnection({ port: stack.gateway(0).tcpPort, host: '127.0.0.1' }, () =>
          socket.end(data),
        );
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.resume();
      });
    });
    await everybodyIsWell();
  });

  it(`answers ${CASES} nearly right frames over WebSocket`, async () => {
    const texts = fc.sample(frame, CASES);
    // A connection is closed after too many bad frames: a new one for every fifty.
    const batches = Array.from({ length: Math.ceil(CASES / 50) }, (_, i) => texts.slice(i * 50, i * 50 + 50));
    await forEach(batches, async (batch) => {
      const client = await RawWs.connect(stack.gateway(0).wsUrl);
      client.send({ op: 20, authToken: token, roomId: 1 });
      await client.waitFor(({ op }) => op === 21);
      for (const text of batch) client.sendText(text);
      client.send({ op: 28, ref: 'the end' });
      await eventually(() =>
        expect(client.closed !== undefined || client.frames.some(({ ref }) => ref === 'the end')).toBe(true),
      );
      client.close();
    });
    await everybodyIsWell();
  });

  it(`answers ${CASES} HTTP bodies of any shape`, async () => {
    const paths = [
      '/user/login',
      '/user/checkAuth',
      '/push/pushRoom',
      '/v1/login',
      '/v1/rooms/1/messages',
      '/v1/rooms',
    ];
    let turn = 0;
    await forEach(fc.sample(frame, CASES), async (body) => {
      const path = paths[turn++ % paths.length] as string;
      const response = await fetch(`${stack.apiUrl}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      await response.text();
      expect(response.status).toBeLessThan(500);
    });
    await everybodyIsWell();
  });
});
