import { encodeFrame } from '@parley/framing';
import { eventually, makeAuthority, type TestAuthority } from '@parley/testing';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { tcpTransport, type TcpTransportOptions } from './tcp-transport.js';

let authority: TestAuthority;
let other: TestAuthority;
beforeAll(async () => {
  [authority, other] = await Promise.all([makeAuthority(), makeAuthority('another')]);
});
afterAll(() => {
  authority?.remove();
  other?.remove();
});

/** A connection to a server that says hello, with a certificate for these hosts. */
async function open(hosts: readonly string[], options: TcpTransportOptions) {
  const server = createServer(await authority.issue({ hosts }), (socket) => {
    socket.on('error', () => undefined);
    socket.write(encodeFrame('hello'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const heard = { onOpen: vi.fn(), onText: vi.fn<(text: string) => void>(), onClose: vi.fn() };
  const connection = tcpTransport({ host: '127.0.0.1', port }, options).open(heard);
  onTestFinished(async () => {
    connection.close();
    await new Promise((resolve) => server.close(resolve));
  });
  return heard;
}

describe('a TCP connection over TLS', () => {
  it('opens when the handshake is over, and not before', async () => {
    const heard = await open(['127.0.0.1'], { tls: { ca: authority.cert } });
    await eventually(() => expect(heard.onText.mock.calls).toEqual([['hello']]));
    expect(heard.onOpen).toHaveBeenCalledOnce();
  });

  it('takes several authorities, and the name that it is told', async () => {
    const tls = { ca: [other.cert, authority.cert], servername: 'chat.example' };
    const heard = await open(['chat.example'], { tls });
    await eventually(() => expect(heard.onText.mock.calls).toEqual([['hello']]));
  });

  it.each<[string, readonly string[], () => TcpTransportOptions, RegExp]>([
    ['another authority', ['127.0.0.1'], () => ({ tls: { ca: other.cert } }), /certificate/],
    ['an authority that Node.js does not know', ['127.0.0.1'], () => ({ tls: true }), /certificate/],
    ['another name', ['chat.example'], () => ({ tls: { ca: authority.cert } }), /altnames/],
  ])('says why it ends at %s, and never was open', async (_, hosts, options, why) => {
    const heard = await open(hosts, options());
    await eventually(() => expect(heard.onClose).toHaveBeenCalledWith(1006, expect.stringMatching(why)));
    expect(heard.onOpen).not.toHaveBeenCalled();
  });
});
