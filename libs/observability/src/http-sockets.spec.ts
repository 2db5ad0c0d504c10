import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { answerAndClose, guardedServer, refuseToHandOver } from './http-sockets.js';

const UPGRADE = 'GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, close\r\nupgrade: h2c\r\n\r\n';
const TUNNEL = 'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n';

async function listening(): Promise<Server> {
  const server = guardedServer({}, (_request, response) => response.end('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return server;
}

/** What comes back until the connection is over. */
function ask(
  server: Server,
  bytes: string,
  then: (socket: Socket) => void = () => undefined,
): Promise<string> {
  return new Promise((resolve) => {
    let reply = '';
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes);
      then(socket);
    });
    socket.setEncoding('utf8').on('data', (chunk: string) => (reply += chunk));
    socket.on('error', () => undefined).on('close', () => resolve(reply));
  });
}

it('answers CONNECT with a refusal, and an upgrade that nobody takes as if none had been asked for', async () => {
  const server = await listening();
  expect(await ask(server, TUNNEL)).toMatch(/^HTTP\/1\.1 405 .*connection: close/is);
  expect(await ask(server, UPGRADE)).toMatch(/^HTTP\/1\.1 200 .*hello$/s);
});

// A socket that Node hands out has no error listener: a reset of one that was being refused ended the process.
it('outlives resets of sockets that were handed out', async () => {
  const server = await listening();
  const closed = new Promise((resolve) =>
    server.on('upgrade', (_request, socket) => socket.on('close', resolve)),
  );
  await ask(server, UPGRADE, (socket) => server.once('upgrade', () => socket.resetAndDestroy()));
  await closed;
});

it.each([false, true])('gives up on a peer that does not end, %s: reads', async (reads) => {
  const server = await listening();
  const closed = new Promise((resolve) =>
    server.on('upgrade', (_request, socket) => {
      socket.on('close', resolve);
      answerAndClose(socket, 404);
    }),
  );
  const { port } = server.address() as AddressInfo;
  const peer = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  onTestFinished(() => void peer.destroy());
  peer.on('error', () => undefined);
  if (reads) peer.resume();
  peer.write(UPGRADE);
  await closed;
});

// Fastify listens on two addresses for `localhost`; upgrades at the second went to the first, and to nobody there.
it('lets no server hand over to one that takes nothing', async () => {
  const [first, second] = [await listening(), await listening()];
  second.on('upgrade', first.emit.bind(first, 'upgrade'));
  refuseToHandOver([first, second]);
  expect(await ask(second, UPGRADE)).toMatch(/^HTTP\/1\.1 200 /);
});
