import { eventually, fuzzSeed } from '@parley/testing';
import fc from 'fast-check';
import { createConnection, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawWs } from '../raw-clients.js';
import type { Stack } from '../stack.js';
import { startTimes } from '../start-times.js';
import { httpHead, upgradeHead } from './http-bytes.js';

/** Connections of each kind to each port. */
const CASES = 300;
const AT_ONCE = 25;
const HANG_MS = 20_000;

/** What the listener that Nest brings could not make a URL of, beside what is right. */
const HEADS = [
  upgradeHead(),
  upgradeHead().replace('/ws', '//'),
  upgradeHead().replace('/ws', '//:x'),
  upgradeHead().replace('127.0.0.1', 'a b:99999'),
  upgradeHead().replace('host: 127.0.0.1\r\n', ''),
  upgradeHead().replace('GET', 'CONNECT'),
  upgradeHead().replace('GET', 'POST'),
  upgradeHead().replace('websocket', 'h2c'),
  upgradeHead().replace('version: 13', 'version: 8'),
  upgradeHead().replace('ZQ==', '!!=='),
  'CONNECT 127.0.0.1:80 HTTP/1.1\r\nhost: x\r\n\r\n',
  'GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n',
];

/** The time before there is a protocol, on every port: nobody's bytes or resets end a process. */
export const handshakes = (running: () => Stack) =>
  describe('the time before the protocol', { timeout: 180_000 }, () => {
    let stack: Stack;
    let bystander: RawWs;
    let started: Readonly<Record<string, string>>;
    const seed = fuzzSeed();

    beforeAll(async () => {
      stack = running();
      bystander = await RawWs.connect(stack.gateway(0).wsUrl);
      bystander.send({ op: 20, authToken: await stack.login('demo1'), roomId: 1 });
      await bystander.waitFor(({ op }) => op === 21);
      started = startTimes(stack.apps);
    });
    afterAll(() => bystander?.close());

    const ports = () =>
      stack.apps.flatMap(({ app, ports }) =>
        Object.entries(ports).map(([name, port]) => ({ app, name, port })),
      );

    async function everybodyIsWell(): Promise<void> {
      const msg = `still here ${Date.now()}`;
      bystander.send({ op: 3, roomId: 1, msg });
      await bystander.waitForText(msg);
      expect(startTimes(stack.apps)).toEqual(started);
      expect(stack.logs()).not.toMatch(/unhandledRejection|uncaughtException|"level":60/);
    }

    /** One connection; resolves when it is over, and never hangs. */
    function attack(port: number, act: (socket: Socket) => void): Promise<void> {
      return new Promise((resolve, reject) => {
        const socket = createConnection({ port, host: '127.0.0.1', noDelay: true }, () => act(socket));
        socket.setTimeout(HANG_MS, () => {
          socket.destroy();
          reject(new Error(`port ${port} hangs (seed ${seed})`));
        });
        socket.resume();
        socket.on('error', () => undefined).on('close', () => resolve());
      });
    }
    async function attackAll(acts: readonly ((socket: Socket) => void)[]): Promise<void> {
      expect(ports().map(({ name }) => name)).toEqual(expect.arrayContaining(['ws', 'tcp', 'http', 'admin']));
      for (const { port } of ports()) {
        const queue = acts[Symbol.iterator]();
        await Promise.all(
          Array.from({ length: AT_ONCE }, async () => {
            for (const act of { [Symbol.iterator]: () => queue }) await attack(port, act);
          }),
        );
      }
      await everybodyIsWell();
    }

    // Eight short connections ended the gateway: a head that no URL could be made of, and a reset.
    it('stands resets at every byte of a handshake', async () => {
      const cuts = HEADS.flatMap((head) =>
        Array.from({ length: Math.ceil(head.length / 8) + 1 }, (_, i) => head.slice(0, 8 * i)).concat(head),
      );
      await attackAll(
        cuts.map((bytes, i) => (socket) => {
          socket.write(bytes);
          // Before anything is read, while it is, and when it has been answered.
          if (i % 3 === 0) socket.resetAndDestroy();
          else if (i % 3 === 1) setImmediate(() => socket.resetAndDestroy());
          else {
            socket.once('data', () => socket.resetAndDestroy());
            setTimeout(() => socket.resetAndDestroy(), 50);
          }
        }),
      );
    });

    it('stands any heads behind one another', async () => {
      const head = fc.oneof(
        fc.constantFrom(...HEADS).map((text) => [Buffer.from(text)]),
        httpHead(['/ws', '/health/live', '/v1/rooms', '/config.json']),
      );
      const pipelines = fc.sample(fc.array(head, { minLength: 2, maxLength: 5 }), { numRuns: CASES, seed });
      await attackAll(
        pipelines.map((heads, i) => (socket) => {
          const parts = heads.flat();
          if (i % 2 === 0) socket.write(Buffer.concat(parts));
          else for (const part of parts) socket.write(part);
          if (i % 4 < 2) socket.end();
          else setTimeout(() => socket.resetAndDestroy(), i % 20);
        }),
      );
    });

    it('answers a peer that sends and does not end, and lets go of it', async () => {
      const ws = ports().find(({ name }) => name === 'ws')?.port ?? 0;
      for (const head of HEADS.slice(1, -2)) {
        let answer = '';
        await attack(ws, (socket) => {
          socket.on('data', (data: Buffer) => (answer += data.toString('latin1')));
          socket.write(head);
        });
        expect(answer).toMatch(/^HTTP\/1\.1 4\d\d .*connection: close/is);
      }
      await eventually(everybodyIsWell);
    });
  });
