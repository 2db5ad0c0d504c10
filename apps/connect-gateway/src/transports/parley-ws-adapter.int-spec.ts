import { eventually } from '@parley/testing';
import type { INestApplicationContext } from '@nestjs/common';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ParleyWsAdapter } from './parley-ws-adapter.js';
import { WsConnection } from './ws-connection.js';

let http: Server;
let port: number;
let adapter: ParleyWsAdapter;
let opened: WsConnection[];
/** Those that became a WebSocket, as far as anybody keeps them. */
let requests: WeakRef<IncomingMessage>[];
// Made here, because a function made for a connection keeps what it was made beside.
const ignore = () => undefined;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
/** Sockets of the server that are not closed. */
const alive = new Set<Socket>();
/** Lets `GET /slow` be answered. */
let answerSlow: () => void;

beforeAll(async () => {
  http = createServer((request, response) => {
    if (request.url === '/slow') answerSlow = () => response.end('slow');
    else response.end(`answer to ${request.url}`);
  });
  http.on('connection', (socket) => {
    alive.add(socket);
    socket.on('close', () => alive.delete(socket));
  });
  adapter = new ParleyWsAdapter(http as unknown as INestApplicationContext, {
    path: '/ws',
    isOriginAllowed: () => false,
  });
  adapter.create().on('connection', (ws: WebSocket, request: IncomingMessage) => {
    ws.on('error', ignore);
    requests.push(new WeakRef(request));
    opened.push(new WsConnection(ws, request.socket, 'here'));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  ({ port } = http.address() as AddressInfo);
});
afterAll(async () => {
  await adapter.dispose();
  for (const socket of alive) socket.destroy();
  http.close();
});
beforeEach(() => {
  opened = [];
  requests = [];
});

function head(path = '/ws', more: readonly string[] = []): string {
  return [
    `GET ${path} HTTP/1.1`,
    'host: x',
    'connection: Upgrade',
    'upgrade: websocket',
    'sec-websocket-version: 13',
    'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
    ...more,
    '\r\n',
  ].join('\r\n');
}

/** Sends bytes, and ends; what comes back until the connection is over. */
function ask(bytes: string, onOpen: (socket: Socket) => void = (socket) => socket.end()): Promise<string> {
  return new Promise((resolve) => {
    let reply = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes);
      onOpen(socket);
    });
    socket.setEncoding('latin1').on('data', (text: string) => (reply += text));
    socket.on('error', () => undefined).on('close', () => resolve(reply));
  });
}
const nobodyIsLeft = () => eventually(() => expect(alive.size).toBe(0));

describe('an upgrade', () => {
  it('that is refused gets a plain answer, and its socket is closed', async () => {
    for (const path of ['/ws/', '/WS', '//', '/nothing'])
      expect(await ask(head(path))).toMatch(/^HTTP\/1\.1 404 Not Found\r\nConnection: close\r\n/);
    expect(await ask(head('/ws', ['origin: https://evil.example']))).toMatch(/^HTTP\/1\.1 403 /);
    expect(await ask(head('/ws', ['sec-websocket-protocol: ,']))).toMatch(/^HTTP\/1\.1 400 /);
    expect(await ask(head().replace('13', '9'))).toMatch(/^HTTP\/1\.1 426 .*Sec-WebSocket-Version: 13/s);
    expect(opened).toEqual([]);
    await nobodyIsLeft();
  });

  it('does not have a subprotocol echoed that nobody knows', async () => {
    const answer = await ask(head('/ws', ['sec-websocket-protocol: chat, superchat']));
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer).not.toMatch(/sec-websocket-protocol/i);
  });

  it('to something else is ignored, and the request answered', async () => {
    const h2c = 'GET /health HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: h2c\r\n\r\n';
    expect(await ask(h2c, () => undefined)).toMatch(/^HTTP\/1\.1 200 .*answer to \/health$/s);
    expect(await ask(h2c.replace('GET', 'POST'))).toMatch(/^HTTP\/1\.1 400 /);
  });

  // Two answers on one connection were written over each other.
  it('right behind a request waits for its answer', async () => {
    const slow = 'GET /slow HTTP/1.1\r\nhost: x\r\n\r\n';
    let socket: Socket | undefined;
    const answer = ask(`${slow}${head()}`, (opening) => (socket = opening));
    await eventually(() => expect(answerSlow).toBeDefined());
    expect(opened).toEqual([]);
    answerSlow();
    await eventually(() => expect(opened).toHaveLength(1));
    socket?.end();
    expect(await answer).toMatch(/^HTTP\/1\.1 200 .*slowHTTP\/1\.1 101 /s);
    const refused = await ask(`GET /a HTTP/1.1\r\nhost: x\r\n\r\n${head('/b')}`);
    expect(refused).toMatch(/^HTTP\/1\.1 200 .*answer to \/aHTTP\/1\.1 404 /s);
    await nobodyIsLeft();
  });

  // Nest's listener answered on a socket without an error listener: a reset right behind a head that no URL could be
  // made of ended the process. Here any error that nobody handles fails the run.
  it('may be reset at every byte, whatever it asks for', async () => {
    const heads = [
      head(),
      head('//'),
      head().replace('host: x', 'host: a b'),
      head().replace('GET', 'CONNECT'),
    ];
    for (const bytes of heads) {
      for (let end = 1; end <= bytes.length; end += 3) {
        await ask(bytes.slice(0, end), (socket) => socket.resetAndDestroy());
        await ask(bytes.slice(0, end), (socket) => setImmediate(() => socket.resetAndDestroy()));
      }
      await ask(bytes, (socket) => socket.once('data', () => socket.resetAndDestroy()));
    }
    await nobodyIsLeft();
    expect(await ask(head())).toMatch(/^HTTP\/1\.1 101 /);
  });
});

// 24 MB of pings left 21 MB of pongs waiting for one connection.
it('pings whose sender does not read leave next to nothing waiting, and one that reads again is answered', async () => {
  const client = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  await once(client, 'open');
  const [connection] = opened;
  if (!connection) throw new Error('not open');
  client.pause();
  const ping = Buffer.concat([Buffer.from([0x89, 0x80 | 125, 0, 0, 0, 0]), Buffer.alloc(125, 'x')]);
  const many = Buffer.concat(Array.from({ length: 1_000 }, () => ping));
  const raw = (client as unknown as { _socket: Socket })._socket;
  let highest = 0;
  for (let i = 0; i < 200; i++) {
    if (!raw.write(many)) await once(raw, 'drain');
    highest = Math.max(highest, connection.bufferedBytes);
  }
  expect(highest).toBeLessThan(256 * 1_024);
  let pongs = 0;
  client.on('pong', () => pongs++);
  client.resume();
  const more = () => new Promise((resolve) => client.ping('still here', undefined, resolve));
  await eventually(async () => {
    await more();
    expect(pongs).toBeGreaterThan(0);
  });
  expect(connection.isOpen).toBe(true);
  client.terminate();
});

// The listener for its socket's errors kept it, and with it all headers: 1.5 KB of a member's 8.
it('nobody keeps the request of a connection that is open', async () => {
  const clients = Array.from({ length: 5 }, () => new WebSocket(`ws://127.0.0.1:${port}/ws`));
  await Promise.all(clients.map((client) => once(client, 'open')));
  await eventually(() => {
    collectGarbage();
    expect(requests).toHaveLength(5);
    // The newest may be in somebody's hands still: the HTTP server's, for its next one.
    expect(requests.filter((request) => request.deref()).length).toBeLessThanOrEqual(1);
  });
  expect(opened.every(({ isOpen }) => isOpen)).toBe(true);
  for (const client of clients) client.terminate();
  await nobodyIsLeft();
});
