import { Op, type ClientFrame } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ParleyClient } from './parley-client.js';
import { Recorder } from './testing/recorder.js';
import { roomServer } from './testing/room-server.js';
import {
  joined,
  message,
  messages,
  refusal,
  ScriptedServer,
  type ScriptedConnection,
} from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
/** Everything that was only delayed has happened by then; short of the heartbeat. */
const LATER_MS = 14_000;

type Answer = (frame: ClientFrame, connection: ScriptedConnection) => void;
const accept: Answer = ({ ref }, connection) => connection.push(joined(0, { ref }));
const refuse =
  (code: string, retryAfterMs?: number): Answer =>
  ({ ref }, connection) =>
    connection.push(refusal(code, true, { ref, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }));

/** A client that joins room 1; the joins are answered in turn, those beyond are not. */
async function setUp(...answers: Array<Answer | undefined>) {
  const server = new ScriptedServer();
  server.answer = (frame, connection) => {
    if (frame.op === Op.join) answers.shift()?.(frame, connection);
  };
  const client = new ParleyClient({ transport: server.transport, getToken: () => 't', random: () => 0.5 });
  const seen = new Recorder(client);
  client.connect();
  const join = client.join(1);
  join.catch(() => {});
  await pass();
  const joins = () => server.connections.flatMap((connection) => connection.of(Op.join)).length;
  return { server, client, seen, join, joins, answers };
}

describe('a join that is refused for now', () => {
  it('is made again after the server’s wait and a back-off that grows', async () => {
    const { joins } = await setUp(refuse('OVERLOADED', 1_000), refuse('OVERLOADED', 1_000), accept);
    await pass(1_124);
    expect(joins()).toBe(1);
    await pass(1);
    expect(joins()).toBe(2);
    await pass(1_249);
    expect(joins()).toBe(2);
    await pass(1);
    expect(joins()).toBe(3);
    await pass(LATER_MS);
    expect(joins()).toBe(3);
  });

  it('waits the shortest time again once the room was joined', async () => {
    const all = await setUp(refuse('OVERLOADED'), refuse('OVERLOADED'), accept, refuse('OVERLOADED'), accept);
    await pass(125 + 250);
    expect(all.seen.of('joined')).toHaveLength(1);
    all.server.now.close();
    await pass(125);
    expect(all.joins()).toBe(4);
    await pass(125);
    expect(all.joins()).toBe(5);
  });

  it('is made once on the next connection, not again when its wait is over', async () => {
    const { server, joins, seen } = await setUp(refuse('OVERLOADED', 3_000), accept);
    server.now.close();
    await pass(125);
    expect(seen.of('joined')).toHaveLength(1);
    await pass(LATER_MS);
    expect(joins()).toBe(2);
  });

  it('is made once on the next connection also while that has not answered', async () => {
    const { server, joins } = await setUp(refuse('OVERLOADED', 3_000), undefined);
    server.now.close();
    await pass(125);
    expect(joins()).toBe(2);
    await pass(4_000);
    expect(joins()).toBe(2);
  });

  it('is not made again for a room that was left meanwhile', async () => {
    const { client, joins } = await setUp(refuse('OVERLOADED', 1_000));
    void client.leave(1).catch(() => {});
    await pass(LATER_MS);
    expect(joins()).toBe(1);
  });

  it('is not made while there is no connection', async () => {
    const { server, joins } = await setUp(refuse('OVERLOADED'));
    server.accept = () => {};
    server.now.close();
    await pass(5_000);
    expect(server.connections).toHaveLength(2);
    expect(joins()).toBe(1);
  });
});

describe('a join without an answer', () => {
  it('is made again, and joined once when the first answer comes after all', async () => {
    const all = await setUp(undefined, accept);
    const [first] = all.server.now.of(Op.join);
    await pass(5_000);
    // The back-off runs; the server was only slow.
    all.server.now.push(joined(7, { ref: first?.ref }));
    expect(await all.join).toMatchObject({ seq: 7 });
    await pass(LATER_MS);
    expect(all.joins()).toBe(1);
    expect(all.seen.of('joined')).toHaveLength(1);
  });

  it('that fails after the room was joined by another changes nothing', async () => {
    const all = await setUp(undefined, accept);
    const [first] = all.server.now.of(Op.join);
    await pass(5_125);
    expect(await all.join).toMatchObject({ seq: 0 });
    all.server.now.push(refusal('FORBIDDEN', false, { ref: first?.ref }));
    await pass(LATER_MS);
    expect(all.client.position(1)).toEqual({ seq: 0, epoch: 'A' });
    expect(all.seen.of('gaveUp')).toEqual([]);
    expect(all.joins()).toBe(2);
  });
});

describe('several who join a room', () => {
  it('are all told, by one join', async () => {
    const all = await setUp();
    const again = all.client.join(1);
    all.server.now.push(joined(3, { ref: all.server.now.of(Op.join)[0]?.ref }));
    expect(await Promise.all([all.join, again])).toMatchObject([{ seq: 3 }, { seq: 3 }]);
    expect(all.joins()).toBe(1);
  });

  it('are all told that it was refused', async () => {
    const all = await setUp();
    const again = all.client.join(1);
    all.server.now.push(refusal('ROOM_NOT_FOUND', false, { ref: all.server.now.of(Op.join)[0]?.ref }));
    for (const join of [all.join, again])
      await expect(join).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' });
    expect(all.seen.of('gaveUp')).toEqual([]);
    await pass(LATER_MS);
    expect(all.joins()).toBe(1);
  });

  it('after a reconnect wait for the join of the new connection', async () => {
    const all = await setUp(accept);
    all.server.now.close();
    const again = all.client.join(1);
    await pass(125);
    const settled = vi.fn();
    void again.then(settled);
    await pass();
    expect(settled).not.toHaveBeenCalled();
    all.server.now.push(joined(9, { ref: all.server.now.of(Op.join)[0]?.ref }));
    expect(await again).toMatchObject({ seq: 9 });
  });
});

describe('a leave', () => {
  it('is settled by the server’s answer', async () => {
    const { server, client } = await setUp(accept);
    const settled = vi.fn();
    void client.leave(1).then(settled);
    await pass();
    expect(settled).not.toHaveBeenCalled();
    server.now.push({ op: Op.leave, roomId: 1, ref: server.now.of(Op.leave)[0]?.ref });
    await pass();
    expect(settled).toHaveBeenCalled();
  });

  it.each(['NOT_JOINED', 'DISCONNECTED', 'ENDED'])('is done also when the answer is %s', async (code) => {
    const { server, client } = await setUp(accept);
    const left = client.leave(1);
    if (code === 'NOT_JOINED')
      server.now.push(refusal(code, false, { ref: server.now.of(Op.leave)[0]?.ref }));
    else server.now.close(code === 'ENDED' ? 4501 : 1006);
    await expect(left).resolves.toBeUndefined();
  });

  it('without a connection is done at once', async () => {
    const { server, client } = await setUp(accept);
    server.now.close();
    await expect(client.leave(1)).resolves.toBeUndefined();
  });

  it('that is refused, or not answered, says so', async () => {
    const { server, client } = await setUp(accept, accept);
    const refused = expect(client.leave(1)).rejects.toMatchObject({ code: 'OVERLOADED' });
    server.now.push(refusal('OVERLOADED', true, { ref: server.now.of(Op.leave)[0]?.ref }));
    await refused;
    void client.join(1);
    await pass();
    const unanswered = expect(client.leave(1)).rejects.toMatchObject({ code: 'NO_ANSWER', retryable: true });
    await pass(5_000);
    await unanswered;
  });
});

// The line went on asking history of a room that it was not in, beside the join that resumes.
it('what was being read is given up when the server has lost the room, and the next join brings it', async () => {
  const { server, room, client, seen, answer, pages } = roomServer();
  await pass();
  room.onHistory = ({ ref }) => {
    server.now.push(refusal('UNAVAILABLE', true, { ref }));
    return true;
  };
  room.log = messages(1, 3);
  server.now.push(message(3));
  await pass();
  expect(pages()).toEqual([0]);
  const unanswered: ClientFrame[] = [];
  server.answer = (frame, connection) =>
    frame.op === Op.join ? void unanswered.push(frame) : answer(frame, connection);
  const { clientMsgId } = client.send(1, 'lost');
  server.now.push(refusal('NOT_JOINED', false, { clientMsgId }));
  await pass(5_000);
  expect(unanswered).toMatchObject([{ lastSeq: 0 }]);
  expect(pages()).toEqual([0]);
  for (const frame of unanswered) answer(frame, server.now);
  await pass();
  expect(seen.seqs()).toEqual([1, 2, 3]);
});
