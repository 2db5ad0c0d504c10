import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually, startTcpProxy, type TcpProxy } from './index.js';

/** What a peer saw of its connection. */
class Peer {
  received = '';
  ended = false;
  closed = false;
  error: NodeJS.ErrnoException | undefined;

  constructor(readonly socket: Socket) {
    socket.setEncoding('latin1').setNoDelay(true);
    socket.on('data', (text: string) => (this.received += text));
    socket.on('end', () => (this.ended = true));
    socket.on('close', () => (this.closed = true));
    socket.on('error', (error) => (this.error = error));
    onTestFinished(() => void socket.destroy());
  }
}

/** A proxy in front of a server that echoes, or does as told. */
async function setUp(serve = (socket: Socket): void => void socket.pipe(socket)): Promise<{
  proxy: TcpProxy;
  dial: () => Promise<Peer>;
  served: Peer[];
}> {
  const served: Peer[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    served.push(new Peer(socket));
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startTcpProxy({
    target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
  });
  onTestFinished(async () => {
    await proxy.close();
    server.close();
  });
  const dial = async (): Promise<Peer> => {
    const peer = new Peer(connect(proxy.port, '127.0.0.1'));
    await once(peer.socket, 'connect');
    return peer;
  };
  return { proxy, dial, served };
}

/** Asserts that nothing changes for a while: there is no condition to wait for in silence. */
async function staysTrue(assertion: () => void, durationMs = 120): Promise<void> {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs) {
    assertion();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('startTcpProxy', () => {
  it('forwards both ways, in order, and forwards each half-close', async () => {
    const { dial, proxy } = await setUp();
    const peer = await dial();
    const text = Array.from({ length: 400_000 }, (_, i) => i % 10).join('');
    peer.socket.end(text);
    await eventually(() => expect(peer.ended).toBe(true));
    expect(peer.received === text).toBe(true);
    await eventually(() => expect(proxy.connections).toBe(0));
  });

  it('cuts, refuses and restores on the same port', async () => {
    const { dial, proxy, served } = await setUp();
    const peer = await dial();
    await eventually(() => expect(served).toHaveLength(1));
    expect(proxy.connections).toBe(1);
    await proxy.cut();
    await eventually(() => expect([peer.closed, served[0]?.closed]).toEqual([true, true]));
    expect(proxy.connections).toBe(0);
    await expect(dial()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await proxy.restore();
    const again = await dial();
    again.socket.write('hi');
    await eventually(() => expect(again.received).toBe('hi'));
  });

  it('freezes into half-open: no bytes, no close; thawed, everything arrives', async () => {
    const { dial, proxy, served } = await setUp((socket) => void socket.write('a'));
    const peer = await dial();
    await eventually(() => expect(peer.received).toBe('a'));
    proxy.freeze();
    peer.socket.write('b');
    served[0]?.socket.end('c');
    const late = await dial();
    late.socket.write('d');
    await staysTrue(() => {
      expect([peer.received, peer.ended, peer.closed, peer.error]).toEqual(['a', false, false, undefined]);
      expect([served[0]?.received, late.received, late.closed]).toEqual(['', '', false]);
    });
    proxy.thaw();
    await eventually(() =>
      expect([peer.received, peer.ended, served[0]?.received]).toEqual(['ac', true, 'b']),
    );
    await eventually(() => expect([served[1]?.received, late.received]).toEqual(['d', 'a']));
  });

  it('hides a crash of the other side while frozen', async () => {
    const { dial, proxy, served } = await setUp();
    const peer = await dial();
    await eventually(() => expect(served).toHaveLength(1));
    proxy.freeze();
    served[0]?.socket.resetAndDestroy();
    await staysTrue(() => expect([peer.closed, peer.error]).toEqual([false, undefined]));
    proxy.thaw();
    peer.socket.write('anybody?');
    await eventually(() => expect(peer.closed).toBe(true));
  });

  it('delays each byte, each way, without changing the order', async () => {
    const { dial, proxy } = await setUp();
    const peer = await dial();
    proxy.delay(150);
    const startedMs = performance.now();
    peer.socket.write('1');
    setTimeout(() => peer.socket.write('2'), 20);
    await eventually(() => expect(peer.received).toBe('12'), { intervalMs: 2 });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(300);
    proxy.delay(0);
    const fastMs = performance.now();
    peer.socket.write('3');
    await eventually(() => expect(peer.received).toBe('123'), { intervalMs: 2 });
    expect(performance.now() - fastMs).toBeLessThan(150);
  });

  it('throttles each direction, and lifts it', async () => {
    const { dial, proxy } = await setUp();
    const peer = await dial();
    proxy.throttle(20_000);
    const startedMs = performance.now();
    peer.socket.write('x'.repeat(5_000));
    await eventually(() => expect(peer.received).toHaveLength(5_000), { intervalMs: 2 });
    // A quarter of a second is due; the last step may leave without waiting for its share.
    expect(performance.now() - startedMs).toBeGreaterThan(200);
    proxy.throttle(10);
    peer.socket.write('y'.repeat(100_000));
    await staysTrue(() => expect(peer.received.length).toBeLessThan(5_010));
    proxy.throttle(0);
    await eventually(() => expect(peer.received).toHaveLength(105_000));
  });

  it.each([0, 1, 5])('resets the connection after %i bytes of a reply, once', async (bytes) => {
    const { dial, proxy, served } = await setUp(
      (socket) => void socket.on('data', () => socket.write('0123456789')),
    );
    const peer = await dial();
    proxy.resetAfterBytes(bytes, 'toClient');
    peer.socket.write('?');
    await eventually(() => expect(peer.error?.code).toBe('ECONNRESET'));
    expect(peer.received).toBe('0123456789'.slice(0, bytes));
    await eventually(() => expect(served[0]?.closed).toBe(true));
    expect(proxy.resets).toBe(1);
    const next = await dial();
    next.socket.write('?');
    await eventually(() => expect(next.received).toBe('0123456789'));
  });

  it('resets in the middle of a request, counting over several chunks', async () => {
    const { dial, proxy, served } = await setUp();
    proxy.resetAfterBytes(3, 'toTarget');
    const peer = await dial();
    peer.socket.write('ab');
    await eventually(() => expect(peer.received).toBe('ab'));
    peer.socket.write('cd');
    await eventually(() => expect(peer.closed).toBe(true));
    expect(served[0]?.received).toBe('abc');
  });

  it('leads new connections elsewhere, and leaves open ones where they are', async () => {
    const { proxy, dial } = await setUp();
    const { proxy: other } = await setUp((socket) => void socket.end('other'));
    const old = await dial();
    proxy.retarget({ host: '127.0.0.1', port: other.port });
    const fresh = await dial();
    await eventually(() => expect(fresh.received).toBe('other'));
    old.socket.write('still here');
    await eventually(() => expect(old.received).toBe('still here'));
  });

  it('ends the client when the target is not there', async () => {
    const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: 1 } });
    onTestFinished(() => proxy.close());
    const peer = new Peer(connect(proxy.port, '127.0.0.1'));
    await eventually(() => expect(peer.closed).toBe(true));
    await eventually(() => expect(proxy.connections).toBe(0));
  });

  it('reads no further than its bound when the receiver stops reading', async () => {
    const { dial, served } = await setUp((socket) => void socket.pause());
    const peer = await dial();
    await eventually(() => expect(served).toHaveLength(1));
    served[0]?.socket.pause();
    const block = Buffer.alloc(1024 * 1024);
    for (let i = 0; i < 64; i++) peer.socket.write(block);
    let last = -1;
    // 64 MiB cannot fit in kernel buffers plus the proxy's bound: the writer must be held up.
    await eventually(
      () => {
        const before = last;
        last = peer.socket.writableLength;
        expect(last).toBe(before);
      },
      { intervalMs: 150 },
    );
    expect(last).toBeGreaterThan(32 * 1024 * 1024);
  });
});
