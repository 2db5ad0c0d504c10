import { eventually } from '@parley/testing';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { encodeFrame, FrameDecoder } from '@parley/framing';
import { Op, parseClientFrame } from '@parley/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ParleyClient } from './parley-client.js';
import { tcpTransport } from './tcp-transport.js';
import { Recorder } from './testing/recorder.js';
import { ack, joined, message, refusal } from './testing/scripted-server.js';
import type { Transport } from './transport.js';
import { webSocketTransport } from './web-socket-transport.js';

/** One connection on the server's side, over whichever transport. */
interface Peer {
  send(frame: object): void;
  /** Closes the way the transport announces a code. */
  close(code: number): void;
  destroy(): void;
}

interface Listener {
  readonly transport: Transport;
  readonly peers: Peer[];
  stop(): Promise<void>;
}

/** Answers joins and sends; both transports alike. */
function answer(text: string, peer: Peer, state: { seq: number }): void {
  const frame = parseClientFrame(text);
  if (frame.op === Op.join)
    peer.send(joined(frame.lastSeq ?? state.seq, { ref: frame.ref, head: state.seq }));
  if (frame.op === Op.room) {
    const seq = ++state.seq;
    peer.send(ack(frame.clientMsgId ?? '', seq, { ref: frame.ref }));
    peer.send(message(seq, { msg: frame.msg, clientMsgId: frame.clientMsgId ?? '' }));
  }
}

async function listenWebSocket(): Promise<Listener> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const peers: Peer[] = [];
  const state = { seq: 0 };
  server.on('connection', (socket) => {
    const peer: Peer = {
      send: (frame) => socket.send(JSON.stringify(frame)),
      close: (code) => socket.close(code),
      destroy: () => socket.terminate(),
    };
    peers.push(peer);
    socket.on('message', (data) => answer(String(data), peer, state));
  });
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
  return {
    transport: webSocketTransport(() => Promise.resolve(url), { WebSocket }),
    peers,
    stop: async () => {
      for (const peer of peers) peer.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listenTcp(): Promise<Listener> {
  const peers: Peer[] = [];
  const state = { seq: 0 };
  const server: Server = createServer((socket: Socket) => {
    const decoder = new FrameDecoder();
    const peer: Peer = {
      send: (frame) => socket.write(encodeFrame(JSON.stringify(frame))),
      close: (code) => socket.end(encodeFrame(JSON.stringify(refusal('X', false, { closeCode: code })))),
      destroy: () => socket.destroy(),
    };
    peers.push(peer);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const payload of decoder.push(chunk as Buffer)) answer(payload.toString(), peer, state);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    transport: tcpTransport(() => ({ host: '127.0.0.1', port })),
    peers,
    stop: async () => {
      for (const peer of peers) peer.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe.each([
  ['WebSocket', listenWebSocket],
  ['TCP', listenTcp],
])('over real %s sockets', (_name, listen) => {
  const cleanUps: Array<() => Promise<void>> = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  async function setUp() {
    const server = await listen();
    cleanUps.push(() => server.stop());
    const client = new ParleyClient({
      transport: server.transport,
      getToken: () => 'token',
      backoff: { minMs: 5, maxMs: 20 },
    });
    cleanUps.push(() => client.close());
    const seen = new Recorder(client);
    client.connect();
    return { server, client, seen };
  }

  it('joins, sends, receives and closes', async () => {
    const { server, client, seen } = await setUp();
    expect(await client.join(1)).toMatchObject({ roomId: 1 });
    const text = '你好, 😀 and a long one '.repeat(100);
    expect(await client.send(1, text).result).toMatchObject({ status: 'acked', ack: { seq: 1 } });
    await eventually(() => expect(seen.of('message')).toMatchObject([{ seq: 1, msg: text }]));
    await client.close();
    expect(client.state).toBe('closed');
    expect(server.peers).toHaveLength(1);
  });

  it('sends again what a lost connection swallowed, and shows it once', async () => {
    const { server, client, seen } = await setUp();
    await client.join(1);
    const sends = Array.from({ length: 50 }, (_, i) => client.send(1, `text ${i}`));
    server.peers[0]?.destroy();
    for (const { result } of sends) expect(await result).toMatchObject({ status: 'acked' });
    await eventually(() => expect(seen.seqs().length).toBeGreaterThanOrEqual(50));
    expect(seen.seqs()).toEqual([...seen.seqs()].sort((a, b) => a - b));
  });

  it('ends with the terminal code that the server announced', async () => {
    const { server, client, seen } = await setUp();
    await client.join(1);
    server.peers[0]?.close(4501);
    await eventually(() => expect(seen.of('ended')).toMatchObject([{ code: 4501 }]));
  });

  it('reconnects after one that is not terminal, and while nobody listens', async () => {
    const { server, client, seen } = await setUp();
    await client.join(1);
    server.peers[0]?.close(4001);
    await eventually(() => expect(seen.of('joined')).toHaveLength(2));
    await server.stop();
    await eventually(() =>
      expect(seen.of('state').filter(({ retryInMs }) => retryInMs !== undefined).length).toBeGreaterThan(3),
    );
    expect(client.state).toBe('reconnecting');
  });

  it('can be closed before it is open', async () => {
    const { client, seen } = await setUp();
    void client.join(1);
    await client.close();
    expect(seen.of('joined')).toEqual([]);
  });
});

describe('the transports alone', () => {
  const handlers = () => ({ onOpen: vi.fn(), onText: vi.fn(), onClose: vi.fn() });

  it('report a failure to connect as 1006, once', async () => {
    const unused = createServer().listen(0, '127.0.0.1');
    await once(unused, 'listening');
    const { port } = unused.address() as AddressInfo;
    await new Promise((resolve) => unused.close(resolve));
    const transports = [
      tcpTransport({ host: '127.0.0.1', port }),
      webSocketTransport(`ws://127.0.0.1:${port}/ws`, { WebSocket }),
      tcpTransport(() => Promise.reject(new Error('no address'))),
      webSocketTransport(() => Promise.reject(new Error('no address')), { WebSocket }),
      webSocketTransport('not a url', { WebSocket }),
    ];
    for (const transport of transports) {
      const heard = handlers();
      const connection = transport.open(heard);
      await eventually(() => expect(heard.onClose).toHaveBeenCalledTimes(1));
      expect(heard.onClose.mock.calls[0]?.[0]).toBe(1006);
      expect(heard.onOpen).not.toHaveBeenCalled();
      connection.send('ignored');
      connection.close();
      expect(connection.bufferedBytes()).toBe(0);
    }
  });

  it('TCP closes on bytes that are no frames, after the frames before them', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write(Buffer.concat([encodeFrame('{"op":28}'), Buffer.from('HTTP/1.1 400')]));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const heard = handlers();
    tcpTransport({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }).open(heard);
    await eventually(() => expect(heard.onClose).toHaveBeenCalledWith(1006, 'FRAME_BAD_VERSION'));
    expect(heard.onText.mock.calls).toEqual([['{"op":28}']]);
    await new Promise((resolve) => server.close(resolve));
  });

  it('WebSocket does not wait for the closing handshake of a peer that is gone', async () => {
    const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const heard = handlers();
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
    const connection = webSocketTransport(url, { WebSocket }).open(heard);
    await once(server, 'connection');
    connection.close();
    await eventually(() => expect(heard.onClose).toHaveBeenCalledTimes(1));
    await new Promise((resolve) => server.close(resolve));
  });

  it('a paused connection delivers nothing until it is resumed', async () => {
    for (const listen of [listenWebSocket, listenTcp]) {
      const server = await listen();
      const heard = handlers();
      const connection = server.transport.open(heard);
      await eventually(() => expect([heard.onOpen.mock.calls.length, server.peers.length]).toEqual([1, 1]));
      connection.pause?.();
      // Whoever is not paused has heard, again and again, what was said after it.
      const witness = handlers();
      const beside = server.transport.open(witness);
      await eventually(() => expect([witness.onOpen.mock.calls.length, server.peers.length]).toEqual([1, 2]));
      for (let i = 1; i <= 10; i++) {
        for (const peer of server.peers) peer.send({ op: Op.ping });
        await eventually(() => expect(witness.onText).toHaveBeenCalledTimes(i));
      }
      expect(heard.onText).not.toHaveBeenCalled();
      connection.resume?.();
      await eventually(() => expect(heard.onText).toHaveBeenCalledTimes(10));
      for (const each of [connection, beside]) each.close();
      await server.stop();
    }
  });
});
