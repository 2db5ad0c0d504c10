import { eventually } from '@parley/testing';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { encodeFrame } from '@parley/framing';
import { Op } from '@parley/protocol';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { tcpTransport, type TcpAddress } from './tcp-transport.js';

/** A connection over loopback, and the server's end of it. */
async function connect() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address: TcpAddress = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const heard = { onOpen: vi.fn(), onText: vi.fn<(text: string) => void>(), onClose: vi.fn() };
  const connection = tcpTransport(address).open(heard);
  const [peer] = await accepted;
  peer.on('error', () => {});
  onTestFinished(async () => {
    connection.close();
    peer.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  await eventually(() => expect(heard.onOpen).toHaveBeenCalledOnce());
  return { connection, peer, heard };
}
const closed = ({ onClose }: { onClose: ReturnType<typeof vi.fn> }) =>
  eventually(() => expect(onClose).toHaveBeenCalled());
const error = (fields: object) =>
  encodeFrame(JSON.stringify({ op: Op.error, code: 'GOING_AWAY', ...fields }));

describe('a TCP connection', () => {
  it('puts frames together that come in pieces, and takes several that come at once apart', async () => {
    const { peer, heard } = await connect();
    const bytes = Buffer.concat(['一', 'second', 'third'].map((text) => encodeFrame(text)));
    peer.setNoDelay();
    // A piece is on its way alone when what came before it has been read: the first frame shows that.
    peer.write(bytes.subarray(0, 8));
    await eventually(() => expect(heard.onText.mock.calls).toEqual([['一']]));
    peer.write(bytes.subarray(8));
    await eventually(() => expect(heard.onText.mock.calls).toEqual([['一'], ['second'], ['third']]));
  });

  it('sends frames, and nothing once it is closed', async () => {
    const { connection, peer, heard } = await connect();
    const received: Buffer[] = [];
    peer.on('data', (chunk: Buffer) => received.push(chunk));
    const ended = once(peer, 'close');
    connection.send('你好');
    await eventually(() => expect(Buffer.concat(received)).toEqual(encodeFrame('你好')));
    connection.close();
    connection.send('late');
    await ended;
    expect(Buffer.concat(received)).toEqual(encodeFrame('你好'));
    expect(heard.onClose.mock.calls).toEqual([[1000, '']]);
  });

  it('says how much of what was sent waits', async () => {
    const { connection, peer } = await connect();
    expect(connection.bufferedBytes()).toBe(0);
    peer.pause();
    const frame = 'x'.repeat(30_000);
    await eventually(() => {
      for (let i = 0; i < 100; i++) connection.send(frame);
      expect(connection.bufferedBytes()).toBeGreaterThan(30_000);
    });
  });

  it('that is lost ends once, with 1006', async () => {
    const { peer, heard, connection } = await connect();
    peer.destroy();
    await closed(heard);
    connection.close(4_002, 'late');
    await Promise.resolve();
    expect(heard.onClose.mock.calls).toEqual([[1006, '']]);
  });

  it('ends with the code that the server announced, also when this side closes first', async () => {
    const { peer, heard, connection } = await connect();
    heard.onText.mockImplementation(() => connection.close(4_002, 'own'));
    peer.write(error({ closeCode: 4_001 }));
    await closed(heard);
    expect(heard.onText).toHaveBeenCalledOnce();
    expect(heard.onClose.mock.calls).toEqual([[4_001, 'GOING_AWAY']]);
  });

  it('ends with its own code when it is closed here, never from within the call', async () => {
    const { heard, connection } = await connect();
    connection.close(4_002, 'silent');
    connection.close(4_003, 'again');
    expect(heard.onClose).not.toHaveBeenCalled();
    await closed(heard);
    expect(heard.onClose.mock.calls).toEqual([[4_002, 'silent']]);
  });

  it.each([
    ['a message about it', encodeFrame(JSON.stringify({ op: Op.room, closeCode: 4_501 }))],
    ['a code that is no number', error({ closeCode: '4501' })],
    ['text that is no JSON', encodeFrame('{"closeCode":')],
  ])('does not take %s for the announcement of a close', async (_name, frame) => {
    const { peer, heard } = await connect();
    peer.end(frame);
    await closed(heard);
    expect(heard.onText).toHaveBeenCalledOnce();
    expect(heard.onClose.mock.calls).toEqual([[1006, '']]);
  });

  it('hands over nothing of a chunk after the frame at which it was closed', async () => {
    const { peer, heard, connection } = await connect();
    heard.onText.mockImplementation(() => connection.close());
    peer.write(Buffer.concat(['a', 'b'].map((text) => encodeFrame(text))));
    await closed(heard);
    expect(heard.onText.mock.calls.length).toBeLessThanOrEqual(2);
    expect(heard.onClose).toHaveBeenCalledOnce();
  });

  it('closed before it has an address never connects', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const connections = vi.fn();
    server.on('connection', connections);
    let give!: (address: TcpAddress) => void;
    const heard = { onOpen: vi.fn(), onText: vi.fn(), onClose: vi.fn() };
    const connection = tcpTransport(() => new Promise((resolve) => (give = resolve))).open(heard);
    await Promise.resolve();
    connection.close();
    await closed(heard);
    const { port } = server.address() as AddressInfo;
    give({ host: '127.0.0.1', port });
    // Connections come in their order: had there been one before, it would be known with this one.
    const next = vi.fn();
    const after = tcpTransport({ host: '127.0.0.1', port }).open({
      ...heard,
      onOpen: next,
      onClose: vi.fn(),
    });
    await eventually(() => expect(next).toHaveBeenCalled());
    await eventually(() => expect(connections).toHaveBeenCalled());
    expect(connections).toHaveBeenCalledOnce();
    expect(heard.onOpen).not.toHaveBeenCalled();
    after.close();
    await new Promise((resolve) => server.close(resolve));
  });
});
