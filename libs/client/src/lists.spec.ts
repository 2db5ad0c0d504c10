import { Op } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { roomServer } from './testing/room-server.js';
import { refusal } from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

describe('watching the lists', () => {
  it('is asked for on every connection, and what comes is told', async () => {
    const { server, client, seen } = roomServer([]);
    client.watch();
    client.watch();
    await pass();
    expect(server.now.of(Op.watch)).toHaveLength(1);
    server.now.push({ op: Op.watch, version: 7, ref: server.now.of(Op.watch)[0]?.ref });
    const room = { roomId: 5, name: 'Physics', kind: 'room', online: 1 };
    server.now.push({ op: Op.rooms, version: 8, rooms: [room], removed: [4] });
    expect(seen.of('watching')).toMatchObject([{ version: 7 }]);
    expect(seen.of('rooms')).toMatchObject([{ version: 8, rooms: [room], removed: [4] }]);
    server.now.close();
    await pass(1_000);
    expect(server.now.of(Op.watch)).toHaveLength(1);
  });

  it('connects for it alone', async () => {
    const { server, client } = roomServer([], { join: false });
    await pass();
    expect(client.state).toBe('idle');
    client.watch();
    await pass();
    expect(client.state).toBe('online');
    // Nothing else has told the server who this is.
    expect(server.now.of(Op.watch)).toMatchObject([{ authToken: expect.any(String) }]);
  });

  it('is asked for again when the server could not agree, and not when it does not know of it', async () => {
    const { server, client, seen } = roomServer([]);
    client.watch();
    await pass();
    server.now.push(refusal('UNAVAILABLE', true, { ref: server.now.of(Op.watch)[0]?.ref }));
    await pass(200);
    expect(server.now.of(Op.watch)).toHaveLength(2);
    server.now.push(refusal('UNKNOWN_OP', false, { ref: server.now.of(Op.watch)[1]?.ref }));
    await pass(20_000);
    expect(server.now.of(Op.watch)).toHaveLength(2);
    expect(seen.of('error')).toEqual([]);
  });
});

describe('read positions', () => {
  it('are reported, and what the server has is told', async () => {
    const { server, client, seen } = roomServer([]);
    await pass();
    client.markRead(1, 5);
    const [frame] = server.now.of(Op.read);
    expect(frame).toMatchObject({ roomId: 1, seq: 5 });
    const state = { roomId: 1, seq: 6, head: 9, unread: 2 };
    server.now.push({ op: Op.read, ...state, ref: frame?.ref });
    expect(seen.of('read')).toMatchObject([state]);
  });

  it('are told when another device has read', async () => {
    const { server, seen } = roomServer([]);
    await pass();
    const state = { roomId: 4, seq: 0, head: 0, unread: 0, forgotten: true };
    server.now.push({ op: Op.read, ...state });
    expect(seen.of('read')).toMatchObject([state]);
  });

  it('are reported again on the next connection, when the first was lost before it answered', async () => {
    const { server, client } = roomServer([]);
    await pass();
    client.markRead(1, 5);
    server.now.close();
    await pass(1_000);
    expect(server.now.of(Op.read)).toMatchObject([{ roomId: 1, seq: 5 }]);
  });
});
