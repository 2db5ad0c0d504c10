import { Op, type ClientFrame, type Message } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PendingSend } from './client-events.js';
import { ParleyClient } from './parley-client.js';
import { Recorder } from './testing/recorder.js';
import {
  ack,
  joined,
  message,
  page,
  ScriptedServer,
  type ScriptedConnection,
} from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

/**
 * Room 1 behind several gateways, each connection being to another one. A gateway never ends a connection by
 * itself here, and delivers on all that are in the room: also on one that the client has left behind.
 */
function gateways({ resume = true, acks = true } = {}) {
  const server = new ScriptedServer();
  const log: Message[] = [];
  const members = new Set<ScriptedConnection>();
  const state = { resume, acks };
  const append = (clientMsgId: string, msg: string): Message => {
    const known = log.find((m) => m.clientMsgId === clientMsgId);
    if (known) return known;
    const m = message(log.length + 1, { clientMsgId, msg });
    log.push(m);
    for (const connection of members) connection.push(m);
    return m;
  };
  server.answer = (frame: ClientFrame, connection) => {
    const { ref } = frame;
    if (frame.op === Op.join) {
      const resumed = state.resume && frame.lastSeq !== undefined;
      const seq = resumed ? (frame.lastSeq ?? 0) : log.length;
      connection.push(joined(seq, { head: log.length, resumed, ref }));
      for (const m of log) if (m.seq > seq) connection.push(m);
      members.add(connection);
    }
    if (frame.op === Op.history) {
      connection.push({ op: Op.history, ref, ...page(log.filter((m) => m.seq > (frame.after ?? 0))) });
    }
    if (frame.op === Op.room) {
      const m = append(frame.clientMsgId ?? '', frame.msg);
      if (state.acks) connection.push(ack(m.clientMsgId, m.seq, { ref }));
    }
  };
  const client = new ParleyClient({ transport: server.transport, getToken: () => 't', random: () => 0.5 });
  const seen = new Recorder(client);
  client.connect();
  void client.join(1);
  /** Somebody else talks all the time, and so does this client; `ms` long. */
  const talk = async (ms: number) => {
    const sends = [];
    for (let at = 0; at < ms; at += 100) {
      append(`other ${log.length}`, 'other');
      sends.push(client.send(1, `own ${log.length}`));
      await pass(100);
    }
    return sends;
  };
  const goaway = (reconnectAfterMs: number) =>
    server.now.push({ op: Op.goaway, reconnectAfterMs, reason: 'restart' });
  return { server, state, log, members, client, seen, talk, goaway };
}

/** Everything of the log was shown once and in order, and every send is in it once, with its own ack. */
async function expectNothingLost(
  { log, seen, client }: ReturnType<typeof gateways>,
  sends: readonly PendingSend[],
) {
  await pass(10_000);
  expect(seen.seqs()).toEqual(log.map(({ seq }) => seq));
  expect(seen.of('gaveUp')).toEqual([]);
  expect(seen.of('error')).toEqual([]);
  for (const { result, clientMsgId } of sends) {
    const places = log.filter((m) => m.clientMsgId === clientMsgId);
    expect(places).toHaveLength(1);
    expect(await result).toMatchObject({ status: 'acked', ack: { seq: places[0]?.seq } });
  }
  await client.close();
  expect(vi.getTimerCount()).toBe(0);
}

describe('a goaway alone, without a connection that ends', () => {
  it('moves a client at its time, without loss or duplicates', async () => {
    const all = gateways();
    await pass();
    const sends = await all.talk(500);
    all.goaway(1_000);
    sends.push(...(await all.talk(900)));
    expect(all.server.connections).toHaveLength(1);
    const before = all.seen.seqs().length;
    expect(before).toBe(all.log.length);
    sends.push(...(await all.talk(1_000)));
    expect(all.server.connections.map(({ closedByClient }) => closedByClient)).toEqual([true, false]);
    expect(all.seen.of('state').map(({ state }) => state)).toEqual([
      'connecting',
      'online',
      'reconnecting',
      'reconnecting',
      'online',
    ]);
    await expectNothingLost(all, sends);
    expect(all.server.connections).toHaveLength(2);
  });

  it('moves what was sent and not answered along', async () => {
    const all = gateways({ acks: false });
    await pass();
    const sends = await all.talk(300);
    all.goaway(100);
    await pass(99);
    all.state.acks = true;
    await pass(2);
    expect(all.server.connections).toHaveLength(2);
    expect(all.server.now.of(Op.room)).toHaveLength(3);
    await expectNothingLost(all, sends);
  });

  it('needs no resume: the new gateway’s history has what was missed', async () => {
    const all = gateways({ resume: false });
    await pass();
    const sends = await all.talk(300);
    all.goaway(1_000);
    sends.push(...(await all.talk(2_000)));
    expect(all.server.connections).toHaveLength(2);
    expect(all.seen.of('joined').map(({ resumed }) => resumed)).toEqual([false, false]);
    await expectNothingLost(all, sends);
  });

  it('shows nothing that the old gateway still sends: the new one has it, too', async () => {
    const all = gateways();
    await pass();
    all.goaway(0);
    await pass(1);
    const [old, now] = all.server.connections;
    expect(now).toBe(all.server.now);
    old?.push(message(1));
    expect(all.seen.seqs()).toEqual([]);
    await expectNothingLost(all, await all.talk(300));
  });

  it.each([
    [1_000, 3_000],
    [3_000, 1_000],
  ])('of a gateway that says %i and then %i ms counts the last time, once', async (first, second) => {
    const all = gateways();
    await pass();
    all.goaway(first);
    all.goaway(second);
    await pass(second - 1);
    expect(all.server.connections).toHaveLength(1);
    await pass(2);
    expect(all.server.connections).toHaveLength(2);
    await pass(10_000);
    expect(all.server.connections).toHaveLength(2);
  });

  it('of a gateway that ends before its time moves the client once', async () => {
    const all = gateways();
    await pass();
    all.goaway(1_000);
    all.server.now.close(4_001);
    await pass(10_000);
    expect(all.server.connections).toHaveLength(2);
    all.goaway(1_000);
    await all.client.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is no failure: the next one that is lost is met with the shortest wait', async () => {
    const all = gateways();
    await pass();
    for (let i = 0; i < 3; i++) {
      all.goaway(10);
      await pass(20);
    }
    all.server.now.close(1006);
    expect(all.seen.of('state').at(-1)).toEqual({ state: 'reconnecting', retryInMs: 125 });
  });
});

describe('a connection that is cut, without a goaway', () => {
  it('is resumed elsewhere after the back-off, without loss or duplicates', async () => {
    const all = gateways();
    await pass();
    const sends = await all.talk(500);
    all.server.now.close(1006);
    all.members.clear();
    sends.push(...(await all.talk(500)));
    expect(all.server.connections).toHaveLength(2);
    expect(all.server.now.of(Op.join)).toMatchObject([{ lastSeq: 10, epoch: 'A' }]);
    expect(all.seen.of('joined').at(-1)).toMatchObject({ resumed: true, seq: 10 });
    expect(all.server.now.of(Op.history)).toEqual([]);
    await expectNothingLost(all, sends);
  });

  it('between the acceptance and the ack of a send shows it once, and acknowledges it', async () => {
    const all = gateways({ acks: false });
    await pass();
    const sends = await all.talk(300);
    expect(all.seen.seqs()).toHaveLength(6);
    all.server.now.close(1006);
    all.state.acks = true;
    await expectNothingLost(all, sends);
  });

  it('again and again ends with everything shown', async () => {
    const all = gateways();
    await pass();
    const sends = [];
    for (let i = 0; i < 5; i++) {
      sends.push(...(await all.talk(300)));
      all.server.now.close(1006);
      all.members.clear();
    }
    await expectNothingLost(all, sends);
    expect(all.server.connections.length).toBeGreaterThan(3);
  });
});
