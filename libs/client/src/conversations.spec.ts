import { Op, type ResyncFrame } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ParleyClient } from './parley-client.js';
import { Recorder } from './testing/recorder.js';
import { ack, joined, message, page, ScriptedServer } from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

const CONVERSATION = 90;
const direct = (seq: number, epoch = 'A') =>
  message(seq, { op: Op.direct, roomId: CONVERSATION, toUserId: 4, epoch });
const resync = (from: number, to: number, fields: Partial<ResyncFrame> = {}): ResyncFrame => ({
  op: Op.resync,
  roomId: CONVERSATION,
  epoch: 'A',
  from,
  to,
  reason: 'slow',
  ...fields,
});

/** A client in room 1, and a server whose history of the conversation has these messages. */
async function setUp(log = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((seq) => direct(seq))) {
  const server = new ScriptedServer();
  server.answer = (frame, connection) => {
    if (frame.op === Op.join) connection.push(joined(0, { roomId: frame.roomId as number, ref: frame.ref }));
    if (frame.op !== Op.history) return;
    const part = log.filter((m) => m.seq > (frame.after ?? 0));
    const fields = { roomId: CONVERSATION, epoch: log.at(-1)?.epoch ?? 'A', head: log.at(-1)?.seq ?? 0 };
    connection.push({ op: Op.history, ref: frame.ref, ...page(part, fields) });
  };
  const client = new ParleyClient({ transport: server.transport, getToken: () => 't', random: () => 0.5 });
  const seen = new Recorder(client);
  client.connect();
  await client.join(1);
  return { server, client, seen, seqs: () => seen.of('direct').map(({ seq }) => seq) };
}

describe('a resync of a conversation', () => {
  it('that nothing was shown of yet begins it there', async () => {
    const { server, seen, seqs } = await setUp();
    // Regression: it was ignored, and the conversation began after what it names.
    server.now.push(resync(4, 8));
    server.now.push(direct(9));
    await pass();
    expect(seqs()).toEqual([4, 5, 6, 7, 8, 9]);
    expect(seen.of('resync')).toEqual([{ roomId: CONVERSATION, from: 4, to: 8, reason: 'slow' }]);
  });

  it('that is known from an own ack alone begins it there', async () => {
    const { server, client, seqs } = await setUp();
    client.sendDirect(4, 'hello', { clientMsgId: 'mine' });
    server.now.push(ack('mine', 7, { roomId: CONVERSATION }));
    server.now.push(resync(6, 9));
    await pass();
    expect(seqs()).toEqual([6, 7, 8, 9]);
  });

  it('that is shown reads on after the last message', async () => {
    const { server, seqs } = await setUp();
    server.now.push(direct(3));
    server.now.push(resync(4, 9));
    await pass();
    expect(seqs()).toEqual([3, 4, 5, 6, 7, 8, 9]);
  });

  it('over a new epoch takes the hole before it for what it is', async () => {
    const { server, seen, seqs } = await setUp([direct(1_001, 'B'), direct(1_002, 'B')]);
    server.now.push(resync(4, 1_002, { epoch: 'B', reason: 'epoch' }));
    await pass();
    expect(seqs()).toEqual([1_001, 1_002]);
    expect(seen.of('gaveUp')).toEqual([]);
  });

  it('that was left, or of a room that was, is ignored', async () => {
    const { server, client, seen } = await setUp();
    await client.join(CONVERSATION);
    void client.leave(CONVERSATION);
    void client.leave(1);
    server.now.push(resync(1, 9));
    server.now.push(resync(1, 9, { roomId: 1 }));
    await pass();
    expect(server.now.of(Op.history)).toEqual([]);
    expect(seen.of('resync')).toEqual([]);
    await client.close();
  });

  it('of a room that was left does not begin it when it is joined again, and one after that is read', async () => {
    const { server, client, seen } = await setUp();
    void client.leave(1);
    void client.join(1);
    server.now.push(resync(1, 9, { roomId: 1 }));
    await pass();
    expect(server.now.of(Op.history)).toEqual([]);
    expect(client.position(1)).toEqual({ seq: 0, epoch: 'A' });
    expect(seen.of('message')).toEqual([]);
    server.now.push(resync(1, 9, { roomId: 1 }));
    await pass();
    expect(server.now.of(Op.history)).toMatchObject([{ roomId: 1, after: 0 }]);
    await client.close();
  });

  it('is followed again on a connection that was never in it', async () => {
    const { server, client, seqs } = await setUp();
    await client.join(CONVERSATION);
    void client.leave(CONVERSATION);
    server.now.close();
    await pass(200);
    server.now.push(resync(8, 9));
    await pass();
    expect(seqs()).toEqual([8, 9]);
  });
});
