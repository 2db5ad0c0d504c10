import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { webSocketTransport, type WebSocketLike } from './web-socket-transport.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

/** A socket whose other end is the test. Like the real ones it refuses to send before it is open. */
class FakeSocket implements WebSocketLike {
  static readonly all: FakeSocket[] = [];
  readyState = 0;
  bufferedAmount = 0;
  onopen: (() => unknown) | null = null;
  onmessage: ((event: { data: unknown }) => unknown) | null = null;
  onclose: ((event: { code?: number; reason?: string }) => unknown) | null = null;
  onerror: (() => unknown) | null = null;
  readonly calls: unknown[][] = [];

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }
  send(data: string): void {
    if (this.readyState === 0) throw new Error('not open yet');
    this.calls.push(['send', data]);
  }
  close(code?: number, reason?: string): void {
    this.readyState = 2;
    this.calls.push(['close', code, reason]);
  }
  terminate(): void {
    this.calls.push(['terminate']);
  }
  pause(): void {
    this.calls.push(['pause']);
  }
  resume(): void {
    this.calls.push(['resume']);
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
}

function open(url: Parameters<typeof webSocketTransport>[0] = 'ws://host/ws') {
  FakeSocket.all.length = 0;
  const heard = { onOpen: vi.fn(), onText: vi.fn(), onClose: vi.fn() };
  const connection = webSocketTransport(url, { WebSocket: FakeSocket }).open(heard);
  return { connection, heard };
}
async function opened() {
  const all = open();
  await pass();
  const [socket] = FakeSocket.all;
  if (!socket) throw new Error('no socket was made');
  socket.open();
  return { ...all, socket };
}

describe('a WebSocket connection', () => {
  it('is made later than the call, to the address that holds then', async () => {
    let address = 'ws://a/ws';
    const { heard } = open(() => address);
    address = 'ws://b/ws';
    expect(FakeSocket.all).toEqual([]);
    await pass();
    expect(FakeSocket.all.map(({ url }) => url)).toEqual(['ws://b/ws']);
    expect(heard.onOpen).not.toHaveBeenCalled();
    FakeSocket.all[0]?.open();
    expect(heard.onOpen).toHaveBeenCalledOnce();
  });

  it('hands over text, and nothing else', async () => {
    const { socket, heard } = await opened();
    socket.onmessage?.({ data: 'a' });
    socket.onmessage?.({ data: new ArrayBuffer(1) });
    expect(heard.onText.mock.calls).toEqual([['a']]);
  });

  it('sends only while it is open, and says how much waits', async () => {
    const { connection } = open();
    connection.send('no socket');
    expect(connection.bufferedBytes()).toBe(0);
    await pass();
    const socket = FakeSocket.all[0] as FakeSocket;
    connection.send('too early');
    socket.open();
    connection.send('now');
    socket.bufferedAmount = 12;
    expect(connection.bufferedBytes()).toBe(12);
    socket.readyState = 2;
    connection.send('closing');
    expect(socket.calls).toEqual([['send', 'now']]);
  });

  it('ends once, with the code and reason of the other side, and hands over nothing after', async () => {
    const { socket, heard, connection } = await opened();
    socket.onerror?.();
    expect(heard.onClose).not.toHaveBeenCalled();
    socket.onclose?.({ code: 4001, reason: 'going away' });
    socket.onclose?.({ code: 1006 });
    socket.onmessage?.({ data: 'late' });
    connection.close();
    connection.send('late');
    await pass(1_000);
    expect(heard.onClose.mock.calls).toEqual([[4001, 'going away']]);
    expect(heard.onText).not.toHaveBeenCalled();
    expect(socket.calls).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that is lost without a code ends with 1006', async () => {
    const { socket, heard } = await opened();
    socket.onclose?.({});
    expect(heard.onClose.mock.calls).toEqual([[1006, '']]);
  });
});

describe('closing a WebSocket connection', () => {
  it.each([
    [undefined, 1000],
    [1000, 1000],
    // Browsers refuse the others from a page, by throwing.
    [1001, 1000],
    [2_999, 1000],
    [3_000, 3_000],
    [4_002, 4_002],
  ])('with %s says %i', async (code, said) => {
    const { socket, connection } = await opened();
    connection.close(code, 'why');
    expect(socket.calls).toEqual([['close', said, 'why']]);
  });

  it('waits half a second for the other side and then does without it', async () => {
    const { socket, connection, heard } = await opened();
    connection.close(4_002, 'silent');
    connection.close();
    await pass(499);
    expect(heard.onClose).not.toHaveBeenCalled();
    await pass(1);
    expect(heard.onClose.mock.calls).toEqual([[4_002, 'silent']]);
    expect(socket.calls).toEqual([['close', 4_002, 'silent'], ['terminate']]);
    socket.onclose?.({ code: 1006 });
    expect(heard.onClose).toHaveBeenCalledOnce();
  });

  it('is over when the other side has answered', async () => {
    const { socket, connection, heard } = await opened();
    connection.close();
    socket.onclose?.({ code: 1000, reason: '' });
    expect(heard.onClose.mock.calls).toEqual([[1000, '']]);
    expect(vi.getTimerCount()).toBe(0);
    expect(socket.calls).toEqual([['close', 1000, '']]);
  });

  it('before there is a socket makes none, and is over at once', async () => {
    const { connection, heard } = open();
    connection.close();
    expect(heard.onClose).not.toHaveBeenCalled();
    await pass();
    expect(heard.onClose.mock.calls).toEqual([[1000, '']]);
    expect(FakeSocket.all).toEqual([]);
  });

  it('before it is open does not report that it opens', async () => {
    const { connection, heard } = open();
    await pass();
    connection.close();
    FakeSocket.all[0]?.open();
    expect(heard.onOpen).not.toHaveBeenCalled();
  });
});

describe('a paused WebSocket connection', () => {
  it('is paused and resumed at once when it is open', async () => {
    const { socket, connection } = await opened();
    connection.pause?.();
    connection.resume?.();
    expect(socket.calls).toEqual([['pause'], ['resume']]);
  });

  it('that is not open yet is paused when it opens, unless it was resumed', async () => {
    const { connection } = open();
    connection.pause?.();
    await pass();
    const socket = FakeSocket.all[0] as FakeSocket;
    connection.pause?.();
    connection.resume?.();
    connection.pause?.();
    expect(socket.calls).toEqual([]);
    socket.open();
    expect(socket.calls).toEqual([['pause']]);

    const other = open();
    other.connection.pause?.();
    other.connection.resume?.();
    await pass();
    FakeSocket.all[0]?.open();
    expect(FakeSocket.all[0]?.calls).toEqual([]);
  });
});

describe('without a class of its own', () => {
  afterEach(() => void vi.unstubAllGlobals());

  it('the platform’s WebSocket is used', async () => {
    vi.stubGlobal('WebSocket', FakeSocket);
    FakeSocket.all.length = 0;
    webSocketTransport('ws://host/ws').open({ onOpen: vi.fn(), onText: vi.fn(), onClose: vi.fn() });
    await pass();
    expect(FakeSocket.all).toHaveLength(1);
  });

  it('and on a platform that has none it says so', () => {
    vi.stubGlobal('WebSocket', undefined);
    expect(() => webSocketTransport('ws://host/ws')).toThrow(TypeError);
  });
});
