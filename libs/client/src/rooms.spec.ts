import { Op, type ClientFrame, type Message } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ParleyClient } from './parley-client.js';
import { Recorder } from './testing/recorder.js';
import {
  joined,
  message,
  messages,
  page,
  refusal,
  ScriptedServer,
  type ScriptedConnection,
} from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

/** A server that joins at `head` and answers history from `log`, until a test says otherwise. */
function setUp(log: Message[] = [], options: { join?: boolean; lastSeq?: number; epoch?: string } = {}) {
  const server = new ScriptedServer();
  const room = {
    log,
    epoch: 'A',
    resume: true,
    onHistory: undefined as undefined | ((frame: ClientFrame) => boolean),
  };
  const head = () => room.log.at(-1)?.seq ?? 0;
  const answer = (frame: ClientFrame, connection: ScriptedConnection) => {
    if (frame.op === Op.join) {
      const resumed = room.resume && frame.lastSeq !== undefined && frame.epoch === room.epoch;
      const seq = resumed ? (frame.lastSeq ?? 0) : head();
      connection.push(
        joined(seq, {
          roomId: frame.roomId as number,
          epoch: room.epoch,
          head: head(),
          resumed,
          ref: frame.ref,
        }),
      );
      for (const m of room.log) if (m.seq > seq) connection.push(m);
    }
    if (frame.op === Op.history) {
      if (room.onHistory?.(frame)) return;
      const rest = room.log.filter((m) => m.seq > (frame.after ?? 0));
      const part = rest.slice(0, frame.limit);
      const fields = {
        roomId: frame.roomId as number,
        epoch: room.epoch,
        head: head(),
        more: part.length < rest.length,
      };
      connection.push({ op: Op.history, ref: frame.ref, ...page(part, fields) });
    }
    if (frame.op === Op.leave) connection.push({ op: Op.leave, roomId: frame.roomId, ref: frame.ref });
  };
  server.answer = answer;
  const client = new ParleyClient({ transport: server.transport, getToken: () => 't', random: () => 0.5 });
  const seen = new Recorder(client);
  const { lastSeq, epoch } = options;
  client.connect();
  const join =
    options.join === false
      ? undefined
      : client.join(1, {
          ...(lastSeq === undefined ? {} : { lastSeq }),
          ...(epoch === undefined ? {} : { epoch }),
        });
  const pages = () => server.connections.flatMap((c) => c.of(Op.history)).map((frame) => frame.after);
  return { server, room, client, seen, join, answer, pages };
}
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('joining', () => {
  it('starts from now on when no position is given', async () => {
    const { server, client, seen, join } = setUp(messages(1, 5));
    await pass();
    expect(await join).toMatchObject({ seq: 5, resumed: false });
    expect(client.position(1)).toEqual({ seq: 5, epoch: 'A' });
    server.now.push(message(6));
    expect(seen.seqs()).toEqual([6]);
    expect(await client.join(1)).toMatchObject({ seq: 5 });
    expect(server.now.of(Op.join)).toHaveLength(1);
  });

  it('goes on after the position that is given', async () => {
    const { seen, server, pages } = setUp(messages(1, 9), { lastSeq: 4, epoch: 'A' });
    await pass();
    expect(server.now.of(Op.join)).toMatchObject([{ lastSeq: 4, epoch: 'A' }]);
    expect(seen.seqs()).toEqual([5, 6, 7, 8, 9]);
    expect(pages()).toEqual([]);
  });

  it('reads what the server does not resume', async () => {
    const { room, seen, pages } = setUp(messages(1, 9), { lastSeq: 4, epoch: 'A' });
    room.resume = false;
    await pass();
    expect(seen.seqs()).toEqual([5, 6, 7, 8, 9]);
    expect(pages()).toEqual([4]);
  });

  it('joins every room again after a reconnect, after the last message shown', async () => {
    const { server, room, client, seen } = setUp(messages(1, 2));
    void client.join(2);
    await pass();
    for (const seq of [3, 4]) server.now.push(message(seq));
    room.log = messages(1, 7);
    server.now.close();
    await pass(200);
    expect(server.now.of(Op.join).map((f) => [f.roomId, f.lastSeq, f.epoch])).toEqual([
      [1, 4, 'A'],
      [2, 2, 'A'],
    ]);
    expect(seen.seqs()).toEqual([3, 4, 5, 6, 7]);
    expect(seen.of('joined')).toHaveLength(4);
  });

  it('rejects a join that is refused, and tries one again that is refused for now or not answered', async () => {
    const { server, client, answer, seen } = setUp([], { join: false });
    server.answer = (frame, connection) =>
      connection.push(refusal('ROOM_NOT_FOUND', false, { ref: frame.ref }));
    const join = client.join(1);
    await pass();
    await expect(join).rejects.toMatchObject({
      name: 'ClientError',
      code: 'ROOM_NOT_FOUND',
      retryable: false,
    });
    expect(seen.of('error')).toEqual([]);

    let tries = 0;
    server.answer = (frame, connection) => {
      if (++tries === 1) connection.push(refusal('OVERLOADED', true, { ref: frame.ref, retryAfterMs: 700 }));
      if (tries === 3) answer(frame, connection);
    };
    const second = client.join(1);
    await pass(824);
    expect(tries).toBe(1);
    await pass(1);
    expect(tries).toBe(2);
    await pass(5_000 + 250);
    expect(tries).toBe(3);
    expect(await second).toMatchObject({ roomId: 1 });
  });

  it('says so when a room is refused after a reconnect', async () => {
    const { server, seen, client } = setUp(messages(1, 4));
    await pass();
    server.answer = (frame, connection) => connection.push(refusal('FORBIDDEN', false, { ref: frame.ref }));
    server.now.close();
    await pass(200);
    expect(seen.of('gaveUp')).toEqual([{ what: 'messages', roomId: 1, from: 5, reason: 'FORBIDDEN' }]);
    expect(seen.of('error')).toMatchObject([{ code: 'FORBIDDEN' }]);
    expect(client.position(1)).toBeUndefined();
  });

  it('shows nothing of a room that was left', async () => {
    const { server, client, seen } = setUp(messages(1, 4));
    await pass();
    const left = client.leave(1);
    server.now.push(message(5));
    await pass();
    await left;
    server.now.push(message(6));
    server.now.push(message(1, { roomId: 77 }));
    expect(seen.of('message')).toEqual([]);
    server.now.close();
    await pass(20_000);
    expect(client.state).toBe('idle');
    await expect(client.leave(1)).resolves.toBeUndefined();
  });

  it('rejects the join that a leave overtakes', async () => {
    const { server, client, join } = setUp();
    server.answer = () => {};
    await pass();
    void client.leave(1);
    await expect(join).rejects.toMatchObject({ code: 'LEFT' });
    server.now.push(joined(3));
    expect(client.position(1)).toBeUndefined();
  });
});

describe('order', () => {
  it('shows every seq once, whatever comes twice', async () => {
    const { server, seen } = setUp();
    await pass();
    for (const seq of [1, 1, 2, 1, 2, 3, 3]) server.now.push(message(seq));
    expect(seen.seqs()).toEqual([1, 2, 3]);
  });

  it('does not spend its room for held messages on those that come twice', async () => {
    const { server, room, seen } = setUp(messages(1, 2_000));
    await pass();
    for (const m of messages(1, 2_000)) server.now.push(m);
    room.onHistory = () => true;
    server.now.push(message(2_002));
    server.now.push(message(2_001));
    expect(seen.seqs()).toEqual([2_001, 2_002]);
  });

  it('holds what comes after a gap and reads the gap from history', async () => {
    const { server, room, seen, pages } = setUp();
    await pass();
    room.log = messages(1, 6);
    server.now.push(message(1));
    server.now.push(message(4));
    server.now.push(message(5));
    expect(seen.seqs()).toEqual([1]);
    await pass();
    expect(seen.seqs()).toEqual([1, 2, 3, 4, 5, 6]);
    server.now.push(message(6));
    server.now.push(message(7));
    expect(seen.seqs()).toEqual(range(1, 7));
    expect(pages()).toEqual([1]);
  });

  it('needs no page when the gap closes by itself', async () => {
    const { server, room, seen, pages } = setUp();
    await pass();
    room.onHistory = () => true;
    server.now.push(message(3));
    server.now.push(message(2));
    server.now.push(message(1));
    expect(seen.seqs()).toEqual([1, 2, 3]);
    await pass(60_000);
    expect(pages()).toEqual([0]);
  });

  it('pages ten thousand messages behind, holding no more than a thousand', async () => {
    const { server, room, seen, pages } = setUp();
    await pass();
    room.log = messages(1, 10_000);
    for (let seq = 5_000; seq <= 10_000; seq++) server.now.push(message(seq));
    await pass(1_000);
    expect(seen.seqs()).toEqual(range(1, 10_000));
    // 4,999 missing, and the 4,001 beyond those held.
    expect(pages().length).toBeGreaterThanOrEqual(45);
    expect(pages().length).toBeLessThanOrEqual(50);
  });

  it('reads a range that the server skipped before it shows what follows', async () => {
    const { server, room, seen } = setUp();
    await pass();
    server.now.push(message(1));
    room.log = messages(1, 500);
    server.now.push({ op: Op.resync, roomId: 1, epoch: 'A', from: 2, to: 450, reason: 'slow' });
    server.now.push(message(451));
    expect(seen.of('resync')).toEqual([{ roomId: 1, from: 2, to: 450, reason: 'slow' }]);
    expect(seen.seqs()).toEqual([1]);
    await pass(10);
    expect(seen.seqs()).toEqual(range(1, 500));
  });

  it('ignores a resync of what it has', async () => {
    const { server, pages, seen } = setUp(messages(1, 9));
    await pass();
    server.now.push({ op: Op.resync, roomId: 1, epoch: 'A', from: 5, to: 9, reason: 'gap' });
    await pass(10_000);
    expect(pages()).toEqual([]);
    server.now.push(message(10));
    expect(seen.seqs()).toEqual([10]);
  });

  it('goes on from the position, not from the page, when a reconnect interrupts the reading', async () => {
    const { server, room, seen } = setUp();
    await pass();
    room.log = messages(1, 900);
    let pages = 0;
    room.onHistory = () => ++pages > 2;
    server.now.push({ op: Op.resync, roomId: 1, epoch: 'A', from: 1, to: 900, reason: 'slow' });
    await pass(10);
    expect(seen.seqs()).toEqual(range(1, 400));
    room.onHistory = undefined;
    server.now.close();
    await pass(300);
    expect(server.now.of(Op.join)).toMatchObject([{ lastSeq: 400 }]);
    expect(seen.seqs()).toEqual(range(1, 900));
  });

  it('may be left, and the client closed, from within a message', async () => {
    const { server, room, seen, client } = setUp();
    await pass();
    room.log = messages(1, 9);
    client.on('message', (m) => void (m.seq === 3 && client.leave(1)));
    server.now.push(message(9));
    await pass(100);
    expect(seen.seqs()).toEqual([1, 2, 3]);
    await client.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('history that cannot be had', () => {
  it('is asked for again while the refusal is for now', async () => {
    const { server, room, seen } = setUp();
    await pass();
    room.log = messages(1, 5);
    let refusals = 0;
    room.onHistory = (frame) => {
      if (++refusals > 5) return false;
      server.now.push(refusal(refusals % 2 ? 'HISTORY_PENDING' : 'UNAVAILABLE', true, { ref: frame.ref }));
      return true;
    };
    server.now.push(message(5));
    await pass(30_000);
    expect(refusals).toBe(6);
    expect(seen.seqs()).toEqual([1, 2, 3, 4, 5]);
    expect(seen.of('gaveUp')).toEqual([]);
    expect(seen.of('error')).toEqual([]);
  });

  it('is given up loudly after the deadline, and what follows is shown', async () => {
    const { server, room, seen } = setUp();
    await pass();
    room.onHistory = (frame) => {
      server.now.push(refusal('HISTORY_PENDING', true, { ref: frame.ref }));
      return true;
    };
    server.now.push(message(1));
    server.now.push(message(5));
    server.now.push(message(6));
    const alive = setInterval(() => server.now.push({ op: Op.pong }), 10_000);
    await pass(110_000);
    expect(seen.seqs()).toEqual([1]);
    await pass(30_000);
    clearInterval(alive);
    expect(seen.of('gaveUp')).toEqual([
      { what: 'messages', roomId: 1, from: 2, to: 4, reason: 'HISTORY_PENDING' },
    ]);
    expect(seen.seqs()).toEqual([1, 5, 6]);
  });

  it('is given up at once when the refusal stands', async () => {
    const { server, room, seen, client } = setUp();
    await pass();
    room.onHistory = (frame) => {
      server.now.push(refusal('FORBIDDEN', false, { ref: frame.ref }));
      return true;
    };
    server.now.push(message(3));
    server.now.push(message(7));
    await pass(10);
    expect(seen.of('gaveUp')).toMatchObject([
      { from: 1, to: 2 },
      { from: 4, to: 6 },
    ]);
    expect(seen.seqs()).toEqual([3, 7]);
    expect(client.position(1)).toEqual({ seq: 7, epoch: 'A' });
  });

  it('is asked for again while a page has a hole, which only the deadline makes believable', async () => {
    const { server, room, seen } = setUp();
    await pass();
    room.log = [...messages(1, 3), ...messages(6, 8)];
    server.now.push(message(8));
    const alive = setInterval(() => server.now.push({ op: Op.pong }), 10_000);
    await pass(110_000);
    expect(seen.seqs()).toEqual([1, 2, 3]);
    await pass(30_000);
    clearInterval(alive);
    expect(seen.of('gaveUp')).toEqual([
      { what: 'messages', roomId: 1, from: 4, to: 5, reason: 'NOT_IN_HISTORY' },
    ]);
    expect(seen.seqs()).toEqual([1, 2, 3, 6, 7, 8]);
  });

  it('loses nothing when SQL lags behind a log that was trimmed', async () => {
    const { server, room, seen } = setUp();
    await pass();
    room.log = messages(60, 80);
    server.now.push({ op: Op.resync, roomId: 1, epoch: 'A', from: 1, to: 80, reason: 'slow' });
    await pass(10_000);
    expect(seen.seqs()).toEqual([]);
    room.log = messages(1, 80);
    await pass(10_000);
    expect(seen.seqs()).toEqual(range(1, 80));
    expect(seen.of('gaveUp')).toEqual([]);
  });

  it('is asked for again when no answer comes', async () => {
    const { server, room, seen } = setUp();
    await pass();
    room.log = messages(1, 3);
    let dropped = 0;
    room.onHistory = () => ++dropped === 1;
    server.now.push(message(3));
    await pass(5_200);
    expect(seen.seqs()).toEqual([1, 2, 3]);
  });
});

describe('epochs', () => {
  it('announces a new epoch at the join and shows what history has over the hole', async () => {
    const { server, room, seen, client } = setUp(messages(1, 3));
    await pass();
    room.log = [...messages(1, 4), ...messages(1_000, 1_002, { epoch: 'B' })];
    room.epoch = 'B';
    server.now.close();
    await pass(300);
    expect(seen.of('epoch')).toEqual([{ roomId: 1, epoch: 'B', previous: 'A' }]);
    expect(seen.seqs()).toEqual([4, 1_000, 1_001, 1_002]);
    expect(seen.of('gaveUp')).toEqual([]);
    server.now.push(message(1_003, { epoch: 'B' }));
    expect(client.position(1)).toEqual({ seq: 1_003, epoch: 'B' });
  });

  it('goes on above a hole in which history has nothing', async () => {
    const { server, room, seen, client } = setUp(messages(1, 3));
    await pass();
    room.epoch = 'B';
    server.answer = (frame, connection) => {
      if (frame.op === Op.join) connection.push(joined(1_000, { epoch: 'B', head: 1_000, ref: frame.ref }));
      if (frame.op === Op.history) {
        connection.push({ op: Op.history, ref: frame.ref, ...page([], { epoch: 'B', head: 1_000 }) });
      }
    };
    server.now.close();
    await pass(300);
    expect(client.position(1)).toEqual({ seq: 1_000, epoch: 'B' });
    server.now.push(message(1_001, { epoch: 'B' }));
    expect(seen.seqs()).toEqual([1_001]);
  });

  it('learns of one from a resync, and from a message', async () => {
    const { server, room, seen } = setUp(messages(1, 3));
    await pass();
    room.log = [...messages(1, 3), ...messages(10, 12, { epoch: 'B' })];
    room.epoch = 'B';
    server.now.push({ op: Op.resync, roomId: 1, epoch: 'B', from: 4, to: 12, reason: 'epoch' });
    await pass(10);
    expect(seen.of('epoch')).toEqual([{ roomId: 1, epoch: 'B', previous: 'A' }]);
    expect(seen.seqs()).toEqual([10, 11, 12]);
    room.log.push(...messages(30, 31, { epoch: 'C' }));
    room.epoch = 'C';
    server.now.push(message(30, { epoch: 'C' }));
    server.now.push(message(31, { epoch: 'C' }));
    await pass(10);
    expect(seen.of('epoch').map(({ epoch }) => epoch)).toEqual(['B', 'C']);
    expect(seen.seqs()).toEqual([10, 11, 12, 30, 31]);
    expect(seen.of('gaveUp')).toEqual([]);
  });

  it('are announced in their order, also when history still has older ones', async () => {
    const { server, room, seen } = setUp([], { lastSeq: 0 });
    room.epoch = 'C';
    room.log = [...messages(3, 4), ...messages(10, 11, { epoch: 'B' }), ...messages(20, 21, { epoch: 'C' })];
    room.resume = false;
    await pass(10);
    server.now.push(message(22, { epoch: 'C' }));
    expect(seen.seqs()).toEqual([3, 4, 10, 11, 20, 21, 22]);
    // Regression: each older epoch in a page was announced as the new one.
    expect(seen.of('epoch')).toEqual([]);
    expect(seen.of('gaveUp')).toEqual([]);
    server.now.push(message(23, { epoch: 'D' }));
    expect(seen.of('epoch')).toEqual([{ roomId: 1, epoch: 'D', previous: 'C' }]);
  });

  it('starts again with a server that was emptied altogether, instead of showing nothing', async () => {
    const { server, room, seen } = setUp(messages(1, 500));
    await pass();
    room.log = [];
    room.epoch = 'B';
    server.now.close();
    await pass(300);
    server.now.push(message(1, { epoch: 'B' }));
    expect(seen.of('epoch')).toHaveLength(1);
    expect(seen.seqs()).toEqual([1]);
  });
});

describe('direct messages', () => {
  const direct = (seq: number) => message(seq, { op: Op.direct, roomId: 90, toUserId: 4 });

  it('are shown once and in order from the first one seen', async () => {
    const { server, room, seen, client } = setUp();
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
    const { server, room, seen } = setUp();
    await pass();
    server.now.push(direct(5));
    room.log = range(1, 500).map(direct);
    server.now.close();
    await pass(300);
    expect(seen.of('direct').map((m) => m.seq)).toEqual(range(5, 500));
  });

  it('lose nothing when the ack overtakes what was sent before', async () => {
    const { server, client, seen } = setUp();
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
    const { server, room, client, seen } = setUp([], { join: false });
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

describe('a frame that announces a close', () => {
  it('is no error of its own when the close is not terminal (TCP has no other way to say it)', async () => {
    const { server, seen } = setUp();
    await pass();
    server.now.push(refusal('GOING_AWAY', true, { closeCode: 4001 }));
    expect(seen.of('error')).toEqual([]);
    server.now.push(refusal('TOO_MANY_ERRORS', false, { closeCode: 4503 }));
    expect(seen.of('error')).toMatchObject([{ code: 'TOO_MANY_ERRORS' }]);
  });
});

describe('history()', () => {
  it('reads a page, waiting for the connection and for the join', async () => {
    const { server, client } = setUp(messages(1, 9));
    const reading = client.history(1, { after: 3, limit: 2 });
    await pass(300);
    expect(await reading).toEqual(page(messages(4, 5), { head: 9, more: true }));
    expect(server.now.received.map((frame) => frame.op)).toEqual([Op.join, Op.history]);
  });

  it('tries again over a lost connection and refusals for now; rejects one that stands', async () => {
    const { server, room, client } = setUp(messages(1, 9));
    await pass();
    let asked = 0;
    room.onHistory = (frame) => {
      asked++;
      if (asked === 1) server.now.close();
      if (asked === 2) server.now.push(refusal('UNAVAILABLE', true, { ref: frame.ref }));
      return asked < 3;
    };
    const reading = client.history(1, { after: 7 });
    await pass(2_000);
    expect((await reading).messages).toHaveLength(2);
    room.onHistory = (frame) => {
      server.now.push(refusal('ROOM_NOT_FOUND', false, { ref: frame.ref }));
      return true;
    };
    const refused = expect(client.history(1)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' });
    await pass();
    await refused;
  });

  it('rejects after the deadline', async () => {
    const { server, client } = setUp([], { join: false });
    server.accept = () => {};
    const reading = expect(client.history(1)).rejects.toMatchObject({
      code: 'DISCONNECTED',
      retryable: true,
    });
    await pass(120_000);
    await reading;
  });
});
