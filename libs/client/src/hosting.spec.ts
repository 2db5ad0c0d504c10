import { Op, type ClientFrame, type RoomEvent, type RoomState } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ParleyClientOptions } from './client-options.js';
import { ParleyClient } from './parley-client.js';
import { Recorder } from './testing/recorder.js';
import { ack, joined, message, messages, page, refusal, ScriptedServer } from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

const state = (more: Partial<RoomState> = {}): RoomState => ({
  mode: 'everyone',
  slowModeWaitTime: 0,
  guestPolicy: 'ALWAYS_ACCEPT',
  panic: false,
  pins: [],
  roles: {},
  role: 'member',
  mutedUntil: 0,
  ...more,
});
const event = (seq: number, what: RoomEvent | { kind: string }) => {
  const { msg: _, ...place } = message(seq);
  return { ...place, ...what, op: Op.event, fromUserId: 0, fromUserName: '' };
};
const settings = (mode: RoomState['mode']): RoomEvent => ({
  kind: 'settings',
  settings: { mode, slowModeWaitTime: 0, guestPolicy: 'ALWAYS_ACCEPT' },
});

/** User 3 in room 1, which stands as `now` says at every join; acts and sends are not answered. */
async function setUp(now: RoomState = state(), options: Partial<ParleyClientOptions> = {}) {
  const server = new ScriptedServer();
  const room = { state: now, seq: 0, epoch: 'A', refused: undefined as string | undefined };
  server.answer = (frame: ClientFrame, connection) => {
    if (frame.op !== Op.join) return;
    if (room.refused !== undefined) return connection.push(refusal(room.refused, false, { ref: frame.ref }));
    connection.push(joined(room.seq, { ref: frame.ref, state: room.state, epoch: room.epoch }));
  };
  const client = new ParleyClient({
    transport: server.transport,
    getToken: () => 't',
    random: () => 0.5,
    heartbeat: { intervalMs: 1e9 },
    ...options,
  });
  const seen = new Recorder(client);
  client.connect();
  void client.join(1);
  await pass();
  const frames = <O extends ClientFrame['op']>(op: O) =>
    server.connections.flatMap((connection) => connection.of(op));
  return { server, client, seen, room, frames };
}

describe('an act', () => {
  it('resolves with its ack, which is no message’s', async () => {
    const { server, client, seen, frames } = await setUp();
    const done = client.act(1, { act: 'kick', userId: 7 }, { clientMsgId: 'k' });
    await pass();
    const [frame] = frames(Op.act);
    expect(frame).toMatchObject({ roomId: 1, clientMsgId: 'k', act: { act: 'kick', userId: 7 } });
    server.now.push(ack('k', 9, { ref: frame?.ref }));
    await expect(done).resolves.toMatchObject({ seq: 9 });
    expect(seen.of('acked')).toEqual([]);
  });

  it('is asked for again under the same id when the connection was lost before the answer', async () => {
    const { server, client, frames } = await setUp();
    const done = client.act(1, { act: 'kick', userId: 7 });
    await pass();
    server.now.close();
    await pass(3_000);
    const [first, again, ...more] = frames(Op.act);
    expect(more).toEqual([]);
    expect(again?.clientMsgId).toBe(first?.clientMsgId);
    server.now.push(ack(String(again?.clientMsgId), 9, { ref: again?.ref, duplicate: true }));
    await expect(done).resolves.toMatchObject({ seq: 9, duplicate: true });
  });

  it('waits as long as it is told to when it comes too fast', async () => {
    const { server, client, frames } = await setUp();
    const done = client.act(1, { act: 'kick', userId: 7 });
    await pass();
    server.now.push(refusal('RATE_LIMITED', true, { ref: frames(Op.act)[0]?.ref, retryAfterMs: 3_000 }));
    await pass(2_900);
    expect(frames(Op.act)).toHaveLength(1);
    await pass(5_000);
    expect(frames(Op.act)).toHaveLength(2);
    server.now.push(ack('k', 9, { ref: frames(Op.act)[1]?.ref }));
    await expect(done).resolves.toMatchObject({ seq: 9 });
  });

  it('rejects with the server’s refusal, and is not asked for again', async () => {
    const { server, client, seen, frames } = await setUp();
    const done = client.act(1, { act: 'calm' });
    const failure = expect(done).rejects.toMatchObject({ code: 'NOTHING_TO_UNDO', retryable: false });
    await pass();
    server.now.push(refusal('NOTHING_TO_UNDO', false, { ref: frames(Op.act)[0]?.ref }));
    await failure;
    await pass(60_000);
    expect(frames(Op.act)).toHaveLength(1);
    expect(seen.of('error')).toEqual([]);
  });

  it('ends with why it could not be done, once its deadline is over or the client is closed', async () => {
    const { server, client } = await setUp(state(), { sendDeadlineMs: 20_000 });
    server.accept = () => {};
    server.now.close();
    const late = expect(client.act(1, { act: 'calm' })).rejects.toMatchObject({ code: 'DISCONNECTED' });
    await pass(21_000);
    await late;
    const closed = expect(client.act(1, { act: 'calm' })).rejects.toMatchObject({ code: 'CLOSED' });
    void client.close();
    await pass(1_000);
    await closed;
  });
});

describe('an act that cannot be done at once', () => {
  // What a host wanted minutes ago was done when the connection was back: on other messages than were meant.
  it('is given up after half a minute, however long sends may wait', async () => {
    const { server, client, frames } = await setUp(state(), { sendDeadlineMs: Infinity });
    server.accept = () => {};
    server.now.close();
    const late = expect(client.act(1, { act: 'calm' })).rejects.toMatchObject({ code: 'DISCONNECTED' });
    await pass(31_000);
    await late;
    expect(frames(Op.act)).toEqual([]);
  });
});

describe('how a room stands', () => {
  it('is told when it is joined, and after each act that changes it', async () => {
    const now = { role: 'moderator', roles: { 3: 'moderator' } } as const;
    const { server, client, seen } = await setUp(state(now));
    expect(client.roomState(1)).toEqual(state(now));
    server.now.push(event(1, settings('hosts')));
    server.now.push(event(2, { kind: 'timeout', userId: 8, userName: 'u', until: 9 }));
    server.now.push(event(3, { kind: 'timeout', userId: 3, userName: 'me', until: 9 }));
    server.now.push(event(4, { kind: 'kick', userId: 8, userName: 'u' }));
    expect(client.roomState(1)).toEqual(state({ ...now, mode: 'hosts', mutedUntil: 9 }));
    expect(seen.of('roomState').map(({ state: { mode, mutedUntil } }) => [mode, mutedUntil])).toEqual([
      ['everyone', 0],
      ['hosts', 0],
      // Of another's mute nothing is to be seen.
      ['hosts', 0],
      ['hosts', 9],
    ]);
  });

  it.each(['guest', 'member'] as const)(
    'leaves a %s what he is, whatever is done to others',
    async (role) => {
      const { server, client } = await setUp(state({ role }));
      expect(client.roomState(1)?.role).toBe(role);
      server.now.push(event(1, settings('hosts')));
      expect(client.roomState(1)).toMatchObject({ role, mode: 'hosts' });
    },
  );

  it('has a member again in whom a role was taken from', async () => {
    const { server, client } = await setUp(state({ role: 'speaker', roles: { 3: 'speaker' } }));
    server.now.push(
      event(1, { kind: 'roles', roles: [{ userId: 3, userName: 'me', role: 'member' }], owners: [] }),
    );
    expect(client.roomState(1)).toMatchObject({ role: 'member', roles: {} });
  });

  it('takes acts in their order among the messages, and counts one of a newer server as shown', async () => {
    const { server, seen } = await setUp();
    const { now } = server;
    for (const frame of [message(1), event(2, settings('hosts')), event(3, { kind: 'quiz' }), message(4)])
      now.push(frame);
    const order = seen.events.flatMap(({ event: name, payload }): unknown[] =>
      name === 'message' ? [payload.seq] : name === 'event' ? [[payload.entry.seq, payload.event?.kind]] : [],
    );
    expect(order).toEqual([1, [2, 'settings'], [3, undefined], 4]);
  });

  it('is what the server says when the client comes back', async () => {
    const { server, client, room } = await setUp();
    server.now.push(event(1, settings('closed')));
    Object.assign(room, { state: state({ mode: 'hosts' }), seq: 1 });
    server.now.close();
    await pass(5_000);
    expect(client.roomState(1)?.mode).toBe('hosts');
  });

  // Acts may have been lost with the line.
  it('is asked for again when a new epoch begins, without leaving the room', async () => {
    const { server, client, seen, room, frames } = await setUp();
    server.now.push(event(1, settings('closed')));
    Object.assign(room, { state: state({ mode: 'everyone' }), seq: 50, epoch: 'B' });
    server.now.push({ ...message(51), epoch: 'B' });
    server.now.push({ op: Op.resync, roomId: 1, epoch: 'B', from: 2, to: 50, reason: 'epoch' });
    await pass(100);
    expect(seen.of('epoch')).toMatchObject([{ epoch: 'B', previous: 'A' }]);
    expect(frames(Op.join)).toHaveLength(2);
    expect(server.connections).toHaveLength(1);
    expect(client.roomState(1)?.mode).toBe('everyone');
  });

  it('is unknown of a conversation, of a room that was left, and of one that it is banned from', async () => {
    const { server, client, room } = await setUp();
    expect(client.roomState(2)).toBeUndefined();
    room.refused = 'BANNED';
    server.now.close();
    await pass(5_000);
    expect(client.roomState(1)).toBeUndefined();
  });
});

describe('somebody who is put out', () => {
  it('is told why and until when, gets nothing more, and does not come back by himself', async () => {
    const { server, client, seen, frames } = await setUp();
    server.now.push(message(1));
    server.now.push({ op: Op.leave, roomId: 1, reason: 'banned', note: 'spam', until: 99 });
    server.now.push(message(2));
    expect(seen.of('putOut')).toEqual([{ roomId: 1, reason: 'banned', note: 'spam', until: 99 }]);
    expect(seen.seqs()).toEqual([1]);
    expect(client.roomState(1)).toBeUndefined();
    server.now.close();
    await pass(30_000);
    expect(frames(Op.join)).toHaveLength(1);
  });

  it('may join again, from where he was', async () => {
    const { server, client, seen, frames } = await setUp();
    server.now.push({ op: Op.leave, roomId: 1, reason: 'kicked' });
    await pass();
    const back = client.join(1, { lastSeq: 0, epoch: 'A' });
    await pass();
    await expect(back).resolves.toMatchObject({ roomId: 1 });
    expect(frames(Op.join)[1]).toMatchObject({ lastSeq: 0, epoch: 'A' });
    server.now.push(message(1));
    expect(seen.seqs()).toEqual([1]);
  });

  // What was skipped then was lost: he was shown the messages after it, and never those between.
  it.each(['BANNED', 'ROOM_NOT_FOUND'])(
    'between two pages of what he missed skips none of it: a refusal with %s is asked about by a join',
    async (code) => {
      const { server, seen, frames } = await setUp();
      server.now.push({ op: Op.resync, roomId: 1, epoch: 'A', from: 1, to: 5, reason: 'slow' });
      server.now.push(message(6));
      await pass();
      server.now.push(refusal(code, false, { ref: frames(Op.history)[0]?.ref }));
      await pass(5_000);
      expect(seen.seqs()).toEqual([]);
      expect(seen.of('gaveUp')).toEqual([]);
      // He is let in: from where he was.
      expect(frames(Op.join)).toHaveLength(2);
      server.now.push(message(7));
      await pass();
      const [, again] = frames(Op.history);
      expect(again).toMatchObject({ after: 0 });
      const { op, ...rest } = { op: Op.history, ...page(messages(1, 7)) };
      server.now.push({ op, ...rest, ref: again?.ref } as never);
      await pass();
      expect(seen.seqs()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    },
  );

  it('and told so by a page, then by the join, is out: nothing more is asked', async () => {
    const { server, client, seen, room, frames } = await setUp();
    server.now.push({ op: Op.resync, roomId: 1, epoch: 'A', from: 1, to: 5, reason: 'slow' });
    await pass();
    room.refused = 'BANNED';
    server.now.push(refusal('BANNED', false, { ref: frames(Op.history)[0]?.ref }));
    await pass(60_000);
    expect(frames(Op.join)).toHaveLength(2);
    expect(frames(Op.history)).toHaveLength(1);
    expect(seen.of('gaveUp')).toEqual([{ what: 'messages', roomId: 1, from: 1, reason: 'BANNED' }]);
    expect(client.position(1)).toBeUndefined();
  });

  it('is told of what he had sent, too: it is for the server to refuse', async () => {
    const { server, client, frames } = await setUp();
    const { result, clientMsgId } = client.send(1, 'but');
    await pass();
    server.now.push({ op: Op.leave, roomId: 1, reason: 'banned', until: 99 });
    await pass(60_000);
    expect(frames(Op.room).length).toBeGreaterThan(1);
    server.now.push(refusal('BANNED', false, { clientMsgId }));
    await expect(result).resolves.toMatchObject({ status: 'refused', error: { code: 'BANNED' } });
  });
});

describe('slow mode', () => {
  // Half a minute later it would not be what its writer meant.
  it('refuses a send for its writer to know: it is never sent again by itself', async () => {
    const { server, client, seen, frames } = await setUp();
    const { result, clientMsgId } = client.send(1, 'two');
    await pass();
    server.now.push(refusal('SLOW_MODE', true, { clientMsgId, retryAfterMs: 3_000 }));
    await expect(result).resolves.toMatchObject({
      status: 'refused',
      error: { code: 'SLOW_MODE', retryAfterMs: 3_000 },
    });
    await pass(60_000);
    server.now.close();
    await pass(60_000);
    expect(frames(Op.room)).toHaveLength(1);
    expect(seen.of('refused')).toMatchObject([{ clientMsgId, error: { code: 'SLOW_MODE' } }]);
  });
});
