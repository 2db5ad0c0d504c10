import { eventually, makeAuthority, type TestAuthority } from '@parley/testing';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { get } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { guardedServer } from '../http-sockets.js';
import { ServerIdentity } from './server-identity.js';

let authority: TestAuthority;
let identity: ServerIdentity;
beforeAll(async () => {
  authority = await makeAuthority();
  identity = new ServerIdentity(authority.write('server', await authority.issue()));
});
afterAll(() => {
  identity?.stop();
  authority?.remove();
});

async function serve(most = Infinity) {
  const failed: string[] = [];
  const seen: { ofCaller: number; all: number }[] = [];
  const short = { ...identity.options, handshakeTimeout: 300 };
  const server: Server = guardedServer({}, (_request, response) => response.end('hello'), {
    identity: { options: short, renewOn: () => undefined } as unknown as ServerIdentity,
    handshakes: {
      mayBegin: (underWay) => {
        seen.push(underWay);
        return underWay.ofCaller < most;
      },
      callerOf: String,
      onFailed: (code) => failed.push(code),
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port, failed, seen };
}
function dial(port: number, bytes?: string | Buffer): Socket {
  const socket = connect(port, '127.0.0.1', () => bytes !== undefined && socket.write(bytes));
  onTestFinished(() => void socket.destroy());
  return socket.on('error', () => undefined).resume();
}
const closed = (socket: Socket) => eventually(() => expect(socket.closed).toBe(true));
const ask = async (port: number): Promise<string> => {
  const request = get({ port, host: '127.0.0.1', ca: authority.cert, agent: false });
  const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
};

it.each<[string, string | Buffer | undefined, string]>([
  ['nothing', undefined, 'ERR_TLS_HANDSHAKE_TIMEOUT'],
  [
    'the first bytes of a handshake',
    Buffer.from('1603010200010001fc0303', 'hex'),
    'ERR_TLS_HANDSHAKE_TIMEOUT',
  ],
  ['HTTP without TLS', 'GET / HTTP/1.1\r\nhost: x\r\n\r\n', 'ERR_SSL_HTTP_REQUEST'],
  ['a frame without TLS', '\0\0\0\x10hello', 'ERR_SSL_WRONG_VERSION_NUMBER'],
])('who says %s is cut off, and others are served', async (_, bytes, code) => {
  const { port, failed } = await serve();
  const socket = dial(port, bytes);
  await closed(socket);
  await eventually(() => expect(failed).toEqual([code]));
  expect(await ask(port)).toBe('hello');
});

it('who resets in the middle of it is nobody any more', async () => {
  const { port, seen } = await serve();
  const sockets = Array.from({ length: 20 }, () => dial(port, Buffer.from('1603010200010001fc0303', 'hex')));
  await eventually(() => expect(seen).toHaveLength(20));
  expect(seen.at(-1)).toEqual({ ofCaller: 19, all: 19 });
  for (const socket of sockets) socket.resetAndDestroy();
  await eventually(async () => {
    expect(await ask(port)).toBe('hello');
    expect(seen.at(-1)).toEqual({ ofCaller: 0, all: 0 });
  });
});

it('those under way are bounded, and one that has ended makes room', async () => {
  const { port } = await serve(2);
  const waiting = [dial(port), dial(port)];
  await Promise.all(waiting.map((socket) => once(socket, 'connect')));
  await eventually(() => closed(dial(port)));
  waiting[0]?.destroy();
  await eventually(async () => expect(await ask(port)).toBe('hello'));
  // Who has shaken hands does not count any more.
  for (let i = 0; i < 2; i++)
    await eventually(async () => {
      const done = connectTls({ port, host: '127.0.0.1', ca: authority.cert });
      onTestFinished(() => void done.destroy());
      await once(done, 'secureConnect');
    });
  // The client is through a little earlier than the server.
  await eventually(async () => expect(await ask(port)).toBe('hello'));
});

it('speaks HTTP/1.1 with who offers more, and nothing with who does not offer it', async () => {
  const { port } = await serve();
  const options = { port, host: '127.0.0.1', ca: authority.cert };
  const both = connectTls({ ...options, ALPNProtocols: ['h2', 'http/1.1'] });
  await once(both, 'secureConnect');
  expect(both.alpnProtocol).toBe('http/1.1');
  both.destroy();
  const other = connectTls({ ...options, ALPNProtocols: ['h2'] });
  await expect(once(other, 'secureConnect')).rejects.toThrow();
});
