import { Op } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ParleyClient } from './parley-client.js';
import { Recorder } from './testing/recorder.js';
import { joined, message, refusal, ScriptedServer } from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

/** A client that left room 1 before it was told that it is in, and joins again; the server has answered nothing. */
async function setUp() {
  const server = new ScriptedServer();
  const client = new ParleyClient({ transport: server.transport, getToken: () => 't', random: () => 0.5 });
  const seen = new Recorder(client);
  client.connect();
  void client.join(1).catch(() => {});
  await pass();
  void client.leave(1);
  const again = client.join(1);
  const refs = server.now.received.map(({ ref }) => ref);
  return { server, client, seen, again, refs };
}

describe('a room that is left and joined again at once', () => {
  it('is joined by the answer to the second join, not to the first', async () => {
    const { server, client, seen, again, refs } = await setUp();
    server.now.push(joined(5, { ref: refs[0] }));
    server.now.push(message(6));
    server.now.push({ op: Op.leave, roomId: 1, ref: refs[1] });
    expect(seen.of('joined')).toEqual([]);
    expect(client.position(1)).toBeUndefined();
    server.now.push(joined(9, { ref: refs[2] }));
    server.now.push(message(10));
    expect(await again).toMatchObject({ seq: 9 });
    expect(seen.seqs()).toEqual([10]);
  });

  it('is asked for again when the second join is refused for now', async () => {
    const { server, seen, again, refs } = await setUp();
    server.now.push(joined(5, { ref: refs[0] }));
    server.now.push({ op: Op.leave, roomId: 1, ref: refs[1] });
    server.now.push(refusal('OVERLOADED', true, { ref: refs[2] }));
    // Regression: with the first answer it counted as joined, the refusal was ignored, and nothing came any more.
    await pass(125);
    const ref = server.now.of(Op.join).at(-1)?.ref;
    expect(refs).not.toContain(ref);
    server.now.push(joined(9, { ref }));
    expect(await again).toMatchObject({ seq: 9 });
    expect(seen.of('joined')).toHaveLength(1);
  });
});

describe('a room that is left before its join is answered', () => {
  // The send stayed where it was: for two minutes, or for good where there is no deadline.
  it('leaves what was to be sent there to the server to refuse', async () => {
    const server = new ScriptedServer();
    const client = new ParleyClient({ transport: server.transport, getToken: () => 't', random: () => 0.5 });
    server.answer = (frame, connection) => {
      if (frame.op === Op.leave) connection.push({ op: Op.leave, roomId: frame.roomId, ref: frame.ref });
      if (frame.op === Op.room)
        connection.push(refusal('NOT_JOINED', false, { clientMsgId: frame.clientMsgId as string }));
    };
    client.connect();
    void client.join(1).catch(() => {});
    const sent = client.send(1, 'hello');
    await pass(100);
    expect(server.now.of(Op.room)).toEqual([]);
    await client.leave(1);
    expect(await sent.result).toMatchObject({ status: 'refused', error: { code: 'NOT_JOINED' } });
  });
});
