import { eventually, fuzzSeed } from '@parley/testing';
import { actRules } from '@parley/protocol';
import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createConnection } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawWs } from '../raw-clients.js';
import type { AppProcess, Stack } from '../stack.js';
import { startTimes } from '../start-times.js';
import { chunkedBytes, httpHead, upgradeHead, webSocketBytes } from './http-bytes.js';

const CASES = 10_000;
const AT_ONCE = 50;
/** One in so many connections is not hung up by the client: the server has to. */
const LEFT_OPEN_EVERY = 500;
/** A connection that is neither answered nor closed by then hangs. */
const HANG_MS = 20_000;
/** By how much the memory of a process may have grown after ten thousand cases. */
const MAX_GROWTH_BYTES = 150 * 1_024 * 1_024;

/** Ten thousand of anything, on live sockets: nobody crashes, hangs or fails to answer the others. */
export const frames = (running: () => Stack) =>
  describe('bytes, frames and bodies', { timeout: 180_000 }, () => {
    let stack: Stack;
    let bystander: RawWs;
    let token: string;
    let started: Readonly<Record<string, string>>;
    const seed = fuzzSeed();
    const sample = <T>(cases: fc.Arbitrary<T>) => fc.sample(cases, { numRuns: CASES, seed });

    beforeAll(async () => {
      stack = running();
      token = await stack.login('demo');
      bystander = await RawWs.connect(stack.gateway(0).wsUrl);
      bystander.send({ op: 20, authToken: await stack.login('demo1'), roomId: 1 });
      await bystander.waitFor(({ op }) => op === 21);
      started = startTimes(stack.apps);
    });
    afterAll(() => {
      bystander?.close();
      agent.destroy();
    });

    const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
    /** The status of an answer that has been read to its end. */
    const statusOf = (path: string, body: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
        request(
          `${stack.apiUrl}${path}`,
          { method: 'POST', agent, headers, timeout: HANG_MS },
          (response) => {
            response.resume().on('end', () => resolve(response.statusCode));
          },
        )
          .on('timeout', () => reject(new Error(`hangs (seed ${seed}): ${body}`)))
          .on('error', reject)
          .end(body);
      });

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
      expect(startTimes(stack.apps)).toEqual(started);
      expect(stack.logs()).not.toMatch(/unhandledRejection|uncaughtException|"level":60/);
    }

    /** Open files and sockets of a process, and its memory. */
    const usage = ({ process: { pid } }: AppProcess) => ({
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      rssBytes: Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024,
    });
    /** Does it all, and expects the process to have kept nothing of it. */
    async function keepingNothing(
      victim: AppProcess | undefined,
      attack: () => Promise<void>,
    ): Promise<void> {
      if (!victim) throw new Error('no victim');
      const before = usage(victim);
      await attack();
      await eventually(() => expect(usage(victim).descriptors).toBeLessThanOrEqual(before.descriptors));
      expect(usage(victim).rssBytes - before.rssBytes).toBeLessThan(MAX_GROWTH_BYTES);
      await everybodyIsWell();
    }

    /**
     * Sends the parts, one write each, and reads until the connection is closed.
     *
     * @param left - Not hung up by this side: the server has to end it.
     * @returns What came back.
     */
    function converse(port: number, parts: readonly Uint8Array[], left: boolean): Promise<string> {
      return new Promise((resolve, reject) => {
        let answer = '';
        const sent = Buffer.concat(parts);
        const socket = createConnection(
          { port, host: '127.0.0.1', noDelay: true, allowHalfOpen: left },
          () => {
            for (const part of parts) socket.write(part);
            if (!left) socket.end();
          },
        );
        socket.setTimeout(HANG_MS, () => {
          socket.destroy();
          reject(new Error(`hangs (seed ${seed}): ${sent.toString('hex')}`));
        });
        socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
        socket.on('end', () => socket.end());
        // A reset: as good an end as any.
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(answer));
      });
    }
    /** All the cases on connections of their own; the number of answers by their first line. */
    async function converseAll(
      port: number | undefined,
      cases: readonly (readonly Uint8Array[])[],
    ): Promise<Map<string, number>> {
      const answers = new Map<string, number>();
      let turn = 0;
      await forEach(cases, async (parts) => {
        const answer = await converse(port ?? 0, parts, turn++ % LEFT_OPEN_EVERY === 0);
        const line = /^HTTP\/1\.1 \d{3}/.exec(answer)?.[0] ?? (answer === '' ? 'none' : 'other');
        answers.set(line, (answers.get(line) ?? 0) + 1);
      });
      return answers;
    }

    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
    /** Half of them begin like a frame, so that the decoder gets further. */
    const tcpCase = fc.oneof(
      bytes,
      bytes.map((tail) => new Uint8Array([0x76, 0x31, 0, tail.length + 4, ...tail])),
    );
    const nearlyAnAct = fc.record(
      {
        act: fc.oneof(fc.constantFrom(...Object.keys(actRules)), fc.anything()),
        userId: fc.oneof(fc.constantFrom(1, '4', 0, -1, 1e20), fc.anything()),
        seq: fc.oneof(fc.nat(9), fc.anything()),
        from: fc.anything(),
        to: fc.anything(),
        seconds: fc.oneof(fc.nat(9), fc.anything()),
        reason: fc.oneof(fc.string({ unit: 'binary' }), fc.anything()),
        msg: fc.oneof(fc.string({ unit: 'binary' }), fc.anything()),
        mode: fc.anything(),
        expiresAt: fc.anything(),
      },
      { requiredKeys: ['act'] },
    );
    /** Frames that are nearly right: known opcodes, and fields of any type. */
    const frame = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record(
          {
            op: fc.oneof(fc.constantFrom(2, 3, 4, 5, 6, 20, 22, 26, 27, 28, 29, 34, 35), fc.anything()),
            act: fc.oneof(nearlyAnAct, fc.anything()),
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
      const gateway = stack.of('connect-gateway')[0];
      await keepingNothing(gateway, async () => {
        const answers = await converseAll(
          gateway?.ports['tcp'],
          sample(tcpCase).map((data) => [data]),
        );
        // Refusals are frames.
        expect(answers.get('other')).toBeGreaterThan(CASES / 2);
      });
    });

    it(`survives ${CASES} WebSockets that send random bytes as frames, with and behind the upgrade`, async () => {
      const gateway = stack.of('connect-gateway')[0];
      await keepingNothing(gateway, async () => {
        const answers = await converseAll(
          gateway?.ports['ws'],
          sample(webSocketBytes).map((frames, i) => {
            const head = Buffer.from(upgradeHead());
            return i % 2 === 0 ? [Buffer.concat([head, ...frames])] : [head, ...frames];
          }),
        );
        expect([...answers]).toEqual([['HTTP/1.1 101', CASES]]);
      });
    });

    it(`survives ${CASES} connections to the WebSocket port that send random bytes and heads`, async () => {
      const gateway = stack.of('connect-gateway')[0];
      await keepingNothing(gateway, async () => {
        const answers = await converseAll(
          gateway?.ports['ws'],
          sample(fc.oneof(chunkedBytes, httpHead(['/ws', '/metrics', '/health/live', '/']))),
        );
        expect([...answers.keys()].filter((line) => / 5\d\d/.test(line))).toEqual([]);
        expect(answers.get('HTTP/1.1 400')).toBeGreaterThan(CASES / 4);
      });
    });

    it(`survives ${CASES} connections to the API that send random bytes and heads`, async () => {
      const api = stack.of('gateway-api')[0];
      await keepingNothing(api, async () => {
        const answers = await converseAll(
          api?.ports['http'],
          sample(fc.oneof(chunkedBytes, httpHead(['/v1/rooms', '/v1/login', '/user/login', '/docs', '/']))),
        );
        expect([...answers.keys()].filter((line) => / 5\d\d/.test(line))).toEqual([]);
        expect(answers.get('HTTP/1.1 400')).toBeGreaterThan(CASES / 4);
      });
    });

    it(`answers ${CASES} nearly right frames over WebSocket`, async () => {
      const texts = sample(frame);
      // A connection is closed after too many bad frames: a new one for every fifty.
      const batches = Array.from({ length: Math.ceil(CASES / 50) }, (_, i) =>
        texts.slice(i * 50, i * 50 + 50),
      );
      const { roomId } = await stack.api(token).createRoom('guests');
      const invite = await stack.api(token).createInvite(roomId);
      const guest = await stack.api().enterAsGuest(invite.token, 'Ada');
      let turn = 0;
      await forEach(batches, async (batch) => {
        const client = await RawWs.connect(stack.gateway(0).wsUrl);
        // Every fourth as a guest, who may do less.
        if (turn++ % 4 === 0) client.send({ op: 20, authToken: guest.token, roomId });
        else client.send({ op: 20, authToken: token, roomId: 1 });
        await client.waitFor(({ op }) => op === 21);
        for (const text of batch) client.sendText(text);
        client.send({ op: 28, ref: 'the end' });
        await eventually(() =>
          expect(client.closed !== undefined || client.frames.some(({ ref }) => ref === 'the end')).toBe(
            true,
          ),
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
        '/v1/rooms/1/bans',
        '/v1/rooms/1/messages/hide',
        '/v1/rooms/1/announcements',
      ];
      let turn = 0;
      await forEach(sample(frame), async (body) => {
        const path = paths[turn++ % paths.length] as string;
        expect(await statusOf(path, body)).toBeLessThan(500);
      });
      await everybodyIsWell();
    });
  });
