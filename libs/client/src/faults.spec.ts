import { Op, type ClientFrame, type Message } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ParleyClient } from './parley-client.js';
import { Recorder } from './testing/recorder.js';
import {
  ack,
  joined,
  message,
  page,
  refusal,
  ScriptedServer,
  type ScriptedConnection,
} from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A small generator whose whole state is the seed: a failure names the seed that replays it. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * One room on a server that keeps the contract and nothing more: it drops, repeats, reorders and delays what it
 * may, collapses ranges into resyncs, refuses for now, closes, and starts new epochs above a hole.
 */
class FaultyRoom {
  readonly log: Message[] = [];
  readonly byId = new Map<string, Message>();
  epoch = 'A';
  seq = 0;
  faulty = true;

  constructor(
    readonly server: ScriptedServer,
    readonly random: () => number,
  ) {
    server.answer = (frame, connection) => this.#answer(frame, connection);
    server.accept = (connection) => (this.#happens(0.2) ? connection.close(1006) : connection.open());
  }

  append(clientMsgId: string, msg: string): Message {
    const known = this.byId.get(clientMsgId);
    if (known) return known;
    const appended = message(++this.seq, { clientMsgId, msg, epoch: this.epoch });
    this.log.push(appended);
    this.byId.set(clientMsgId, appended);
    for (const connection of this.server.connections.slice(-1)) this.#deliver(connection, appended);
    return appended;
  }

  newEpoch(): void {
    this.epoch += '+';
    this.seq += 1 + Math.floor(this.random() * 50);
  }

  #happens(probability: number): boolean {
    return this.faulty && this.random() < probability;
  }

  #deliver(connection: ScriptedConnection, m: Message): void {
    if (this.#happens(0.05)) return;
    if (this.#happens(0.03)) {
      const from = this.log.find((other) => other.epoch === m.epoch)?.seq ?? m.seq;
      connection.push({
        op: Op.resync,
        roomId: 1,
        epoch: m.epoch,
        from: Math.max(from, m.seq - 5),
        to: m.seq,
        reason: 'slow',
      });
      return;
    }
    connection.push(m);
    if (this.#happens(0.1)) connection.push(m);
    const old = this.log[Math.floor(this.random() * this.log.length)];
    if (old && this.#happens(0.1)) connection.push(old);
  }

  #answer(frame: ClientFrame, connection: ScriptedConnection): void {
    if (this.#happens(0.02)) return connection.close(4001);
    if (this.#happens(0.05)) return;
    const ref = frame.ref === undefined ? {} : { ref: frame.ref };
    const clientMsgId = 'clientMsgId' in frame && frame.clientMsgId ? { clientMsgId: frame.clientMsgId } : {};
    if (this.#happens(0.1)) return connection.push(refusal('UNAVAILABLE', true, { ...ref, ...clientMsgId }));
    if (frame.op === Op.join) return this.#join(frame, connection);
    if (frame.op === Op.history) {
      const after = frame.after ?? 0;
      const rest = this.log.filter((m) => m.seq > after);
      const part = rest.slice(0, this.#happens(0.5) ? 3 : frame.limit);
      const fields = { epoch: this.epoch, head: this.seq, more: part.length < rest.length };
      return connection.push({ op: Op.history, ...ref, ...page(part, fields) });
    }
    if (frame.op === Op.room) {
      const before = this.seq;
      const m = this.append(frame.clientMsgId ?? '', frame.msg);
      if (this.#happens(0.1)) return;
      connection.push(ack(m.clientMsgId, m.seq, { ...ref, epoch: m.epoch, duplicate: this.seq === before }));
    }
  }

  #join(frame: Extract<ClientFrame, { op: typeof Op.join }>, connection: ScriptedConnection): void {
    const resumed = frame.lastSeq !== undefined && frame.epoch === this.epoch && !this.#happens(0.3);
    const seq = resumed ? (frame.lastSeq ?? 0) : this.seq;
    connection.push(
      joined(seq, {
        epoch: this.epoch,
        head: this.seq,
        resumed,
        ...(frame.ref === undefined ? {} : { ref: frame.ref }),
      }),
    );
    for (const m of this.log) if (m.seq > seq) this.#deliver(connection, m);
  }
}

describe('under random faults', () => {
  it.each(Array.from({ length: 100 }, (_, i) => i + 1))(
    'everything accepted is shown once and in order (seed %i)',
    async (seed) => {
      const random = generator(seed);
      const server = new ScriptedServer();
      const room = new FaultyRoom(server, random);
      const client = new ParleyClient({ transport: server.transport, getToken: () => 't', random });
      const seen = new Recorder(client);
      client.connect();
      void client.join(1, { lastSeq: 0 });
      const sends = [];
      for (let step = 0; step < 150; step++) {
        const dice = random();
        if (dice < 0.5) room.append(`other ${step}`, `other ${step}`);
        else if (dice < 0.8) sends.push(client.send(1, `own ${step}`));
        else if (dice < 0.83) server.connections.at(-1)?.close(1006);
        else if (dice < 0.84) room.newEpoch();
        else if (dice < 0.86)
          server.connections.at(-1)?.push({ op: Op.goaway, reconnectAfterMs: 500, reason: 'x' });
        await vi.advanceTimersByTimeAsync(random() * 200);
      }
      room.faulty = false;
      await vi.advanceTimersByTimeAsync(30_000);
      // Something after the last fault, so that a client that misses the end learns of it.
      room.append('last', 'last');
      await vi.advanceTimersByTimeAsync(30_000);

      expect(seen.seqs()).toEqual(room.log.map((m) => m.seq));
      expect(seen.of('gaveUp')).toEqual([]);
      const epochs = seen.of('epoch').map(({ epoch }) => epoch.length);
      expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b));
      expect(seen.of('error')).toEqual([]);
      for (const sent of sends) {
        expect(await sent.result).toMatchObject({
          status: 'acked',
          ack: { seq: room.byId.get(sent.clientMsgId)?.seq },
        });
      }
      expect(room.log.filter((m) => m.msg.startsWith('own'))).toHaveLength(sends.length);
      await client.close();
      expect(vi.getTimerCount()).toBe(0);
    },
  );
});
