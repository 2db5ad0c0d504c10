import { Op } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { roomServer } from './testing/room-server.js';
import { message } from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('direct messages', () => {
  const direct = (seq: number) => message(seq, { op: Op.direct, roomId: 90, toUserId: 4 });

  it('are shown once and in order from the first one seen', async () => {
    const { server, room, seen, client } = roomServer();
    await pass();
    server.now.push(direct(5));
    server.now.push(direct(5));
    room.log = [5, 6, 7, 8].map(direct);
    server.now.push(direct(8));
    await pass(10);
    expect(seen.of('direct').map((m) => m.seq)).toEqual([5, 6, 7, 8]);
    expect(seen.of('message')).toEqual([]);
    expect(client.position(90)).toEqual({ seq: 8, epoch: 'A' });
  });

  it('that were missed are read after a reconnect, in as many pages as it takes', async () => {
    const { server, room, seen } = roomServer();
    await pass();
    server.now.push(direct(5));
    room.log = range(1, 500).map(direct);
    server.now.close();
    await pass(300);
    expect(seen.of('direct').map((m) => m.seq)).toEqual(range(5, 500));
  });

  it('lose nothing when the ack overtakes what was sent before', async () => {
    const { server, client, seen } = roomServer();
    await pass();
    const sent = client.sendDirect(4, 'hello', { clientMsgId: 'mine' });
    server.now.push({
      op: Op.ack,
      roomId: 90,
      seq: 7,
      epoch: 'A',
      id: 'm7',
      clientMsgId: 'mine',
      sentAt: 1,
      duplicate: false,
    });
    expect(await sent.result).toMatchObject({ status: 'acked' });
    // Regression: beginning the conversation at the ack hid the peer's message 6, still on its way.
    server.now.push(direct(6));
    server.now.push(direct(7));
    expect(seen.of('direct').map((m) => m.seq)).toEqual([6, 7]);
  });

  it('are followed from the first ack over a reconnect, without any room', async () => {
    const { server, room, client, seen } = roomServer([], { join: false });
    client.sendDirect(4, 'hello', { clientMsgId: 'mine' });
    await pass();
    server.now.push({
      op: Op.ack,
      roomId: 90,
      seq: 7,
      epoch: 'A',
      id: 'm7',
      clientMsgId: 'mine',
      sentAt: 1,
      duplicate: false,
    });
    room.log = range(1, 9).map(direct);
    server.now.close();
    await pass(300);
    // The first frame of a connection must present the token.
    expect(server.now.received[0]).toMatchObject({ op: Op.history, roomId: 90, after: 6, authToken: 't' });
    expect(seen.of('direct').map((m) => m.seq)).toEqual([7, 8, 9]);
  });
});
