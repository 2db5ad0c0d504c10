import { ParleyClient, webSocketTransport, type Transport, type TransportConnection } from '@parley/client';
import { tcpTransport } from '@parley/client/node';
import { eventually } from '@parley/testing';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { RawTcp, RawWs } from './raw-clients.js';
import { Stack } from './stack.js';

const STOPPED_MS = 60_000;
/** Messages sent at a time, each acknowledged before the next batch. */
const BATCH = 35;
/** Never more than so many batches in this time, milliseconds: the machine has others to serve. */
const BATCH_INTERVAL_MS = 150;
/** However long it takes: with so many, those who stopped are ten thousand behind. */
const MIN_MESSAGES = 10_500;
/** About 1 kB each. */
const TEXT = '界'.repeat(300);
/** Members that stop and stay stopped, over each transport. */
const STOPPED = 24;

const MIB = 1_024 * 1_024;
const MAX_OUTBOUND_BYTES = 262_144;
/** One connection holds the bound, and the one write that went beyond it. */
const MAX_HELD_BYTES = MAX_OUTBOUND_BYTES + 65_536 + 12_288;
/** By how much a gateway's memory may grow, while far more would pile up. */
const MAX_GROWTH_BYTES = 120 * MIB;
/** What a history page may have at the most. */
const [MAX_PAGE_MESSAGES, MAX_PAGE_CHARS] = [200, 32_767];

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** A member that can stop reading, and what it was shown. */
interface Reader {
  readonly client: ParleyClient;
  /** Sequence numbers shown, in the order of showing. */
  readonly seqs: number[];
  readonly resyncs: { from: number; to: number }[];
  /** Messages in each history page, and its length. */
  readonly pages: { messages: number; chars: number }[];
  stop(): void;
  goOn(): void;
}

describe('slow members', { timeout: 120_000 }, () => {
  let stack: Stack;
  let token: string;
  let roomId: number;
  let epoch: string;

  beforeAll(async () => {
    stack = await Stack.start({
      env: {
        PARLEY_SEND_BURST: '50000',
        PARLEY_SENDS_PER_SECOND: '50000',
        // One person is all of them.
        PARLEY_CONNECTIONS_PER_USER: '1000',
        PARLEY_DRAIN_WINDOW_MS: '300',
      },
    });
    token = await stack.login('demo');
  });
  afterAll(() => stack.stop());

  /** A client of the SDK, which can be stopped. */
  function reader(transport: 'ws' | 'tcp', gateway: number): Reader {
    const { wsUrl, tcpPort } = stack.gateway(gateway);
    const inner =
      transport === 'ws'
        ? webSocketTransport(wsUrl, { WebSocket: WebSocket as never })
        : tcpTransport({ host: '127.0.0.1', port: tcpPort });
    let open: TransportConnection | undefined;
    let stopped = false;
    const pages: Reader['pages'] = [];
    const watched: Transport = {
      open: (handlers) => {
        const connection = inner.open({
          ...handlers,
          onText: (text) => {
            if (text.startsWith('{"op":27')) {
              const { messages } = JSON.parse(text) as { messages: unknown[] };
              pages.push({ messages: messages.length, chars: Buffer.byteLength(text) });
            }
            handlers.onText(text);
          },
        });
        open = connection;
        // A connection that takes the place of a lost one is not read either.
        if (stopped) connection.pause?.();
        return connection;
      },
    };
    const client = new ParleyClient({ transport: watched, getToken: () => token });
    const seqs: number[] = [];
    const resyncs: Reader['resyncs'] = [];
    client.on('message', ({ seq }) => seqs.push(seq));
    client.on('resync', ({ from, to }) => resyncs.push({ from, to }));
    client.connect();
    return {
      client,
      seqs,
      resyncs,
      pages,
      stop: () => {
        stopped = true;
        open?.pause?.();
      },
      goOn: () => {
        stopped = false;
        open?.resume?.();
      },
    };
  }
  async function joined(transport: 'ws' | 'tcp', gateway: number): Promise<Reader> {
    const member = reader(transport, gateway);
    epoch = (await member.client.join(roomId)).epoch;
    return member;
  }
  /** A member that never reads again. */
  async function stopped(transport: 'ws' | 'tcp'): Promise<RawWs | RawTcp> {
    const { wsUrl, tcpPort } = stack.gateway(0);
    const client = transport === 'ws' ? await RawWs.connect(wsUrl) : await RawTcp.connect(tcpPort);
    client.send({ op: 20, authToken: token, roomId });
    await client.waitFor(({ op }) => op === 21);
    client.socket.pause();
    return client;
  }
  /** Sends a batch in order; resolves when all of it is acknowledged. */
  async function send(sender: RawWs, count: number, text: string): Promise<void> {
    sender.frames.length = 0;
    for (let i = 0; i < count; i++) sender.send({ op: 3, roomId, msg: text, authToken: token });
    await eventually(() => expect(sender.ofOp(22)).toHaveLength(count), { timeoutMs: 30_000, intervalMs: 5 });
  }
  async function bufferedBytes(): Promise<number> {
    const address = stack.gateway(0).wsUrl.replace('ws:', 'http:').replace(/ws$/, 'metrics');
    const text = await (await fetch(address)).text();
    return Number(/^parley_outbound_buffered_bytes (\S+)$/m.exec(text)?.[1]);
  }
  function rssBytes(): number {
    const status = readFileSync(`/proc/${stack.gateway(0).process.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
  }

  // gochat dropped what did not fit into a member's channel, without a word.
  describe('that do not read for a minute, in a busy room', () => {
    let sent = 0;
    let slow: Reader[];
    /** By how many messages the readers were behind the acknowledged ones, at each batch. */
    const lags: { sameGateway: number; otherGateway: number }[] = [];
    const held: number[] = [];
    let growth = 0;

    beforeAll(async () => {
      roomId = (await stack.api(token).createRoom('busy')).roomId;
      slow = await Promise.all([joined('ws', 0), joined('tcp', 0)]);
      const prompt = await Promise.all([joined('ws', 0), joined('tcp', 0), joined('ws', 1)]);
      const forever = await Promise.all(range(1, 2 * STOPPED).map((i) => stopped(i % 2 ? 'ws' : 'tcp')));
      for (const member of slow) member.stop();
      const sender = await RawWs.connect(stack.gateway(1).wsUrl);
      await send(sender, (sent = BATCH), TEXT);
      const before = rssBytes();
      const until = Date.now() + STOPPED_MS;
      while (Date.now() < until || sent < MIN_MESSAGES) {
        const next = Date.now() + BATCH_INTERVAL_MS;
        await send(sender, BATCH, TEXT);
        sent += BATCH;
        const [ws = 0, tcp = 0, other = 0] = prompt.map(({ seqs }) => sent - seqs.length);
        lags.push({ sameGateway: Math.max(ws, tcp), otherGateway: other });
        if (lags.length % 10 === 0) {
          held.push(await bufferedBytes());
          growth = Math.max(growth, rssBytes() - before);
        }
        await eventually(() => expect(Date.now()).toBeGreaterThanOrEqual(next));
      }
      for (const { seqs } of prompt) await eventually(() => expect(seqs).toEqual(range(1, sent)));
      for (const { client } of prompt) await client.close();
      for (const { socket } of forever) {
        if (socket instanceof WebSocket) socket.terminate();
        else socket.destroy();
      }
      sender.close();
    }, 120_000);

    it('delays nobody on their gateway, over either transport', () => {
      const most = (of: 'sameGateway' | 'otherGateway') => Math.max(...lags.map((lag) => lag[of]));
      // A gateway may have to catch its breath for a moment; one that waits for others would be thousands behind.
      expect(most('sameGateway')).toBeLessThanOrEqual(most('otherGateway') + 20 * BATCH);
    });

    it('costs the gateway no more than the bound for each, while hundreds of megabytes would pile up', () => {
      const connections = slow.length + 2 * STOPPED + 2;
      // They are full, and hold no more than that.
      expect(Math.max(...held)).toBeGreaterThan(MAX_OUTBOUND_BYTES);
      expect(Math.max(...held)).toBeLessThan(connections * MAX_HELD_BYTES);
      const unread = (slow.length + 2 * STOPPED) * sent * Buffer.byteLength(TEXT);
      expect(unread).toBeGreaterThan(3 * MAX_GROWTH_BYTES);
      expect(growth).toBeLessThan(MAX_GROWTH_BYTES);
    });

    it('shows them everything afterwards, once and in order: ten thousand behind, paged through a resync', async () => {
      for (const member of slow) {
        expect(sent - member.seqs.length).toBeGreaterThan(10_000);
        member.goOn();
      }
      for (const { client, seqs, resyncs, pages } of slow) {
        await eventually(() => expect(seqs.length).toBe(sent), { timeoutMs: 60_000 });
        expect(seqs).toEqual(range(1, sent));
        expect(resyncs.length).toBeGreaterThan(0);
        for (const { from, to } of resyncs) expect(to).toBeGreaterThanOrEqual(from);
        expectWithinBounds(pages);
        await client.close();
      }
    });

    it('pages the same ten thousand to a member that was away, through one resync', async () => {
      const { client, seqs, resyncs, pages } = reader('tcp', 1);
      await client.join(roomId, { lastSeq: 1, epoch });
      await eventually(() => expect(seqs.length).toBe(sent - 1), { timeoutMs: 60_000 });
      expect(seqs).toEqual(range(2, sent));
      expect(resyncs).toEqual([{ from: 2, to: sent }]);
      expectWithinBounds(pages);
      await client.close();
    });
  });

  function expectWithinBounds(pages: Reader['pages']): void {
    expect(pages.length).toBeGreaterThan(10);
    for (const { messages, chars } of pages) {
      expect(messages).toBeLessThanOrEqual(MAX_PAGE_MESSAGES);
      expect(chars).toBeLessThanOrEqual(MAX_PAGE_CHARS);
    }
  }

  it('gives a bare client one resync when it reads again, and goes on live', async () => {
    roomId = (await stack.api(token).createRoom('slow')).roomId;
    const sender = await RawWs.connect(stack.gateway(0).wsUrl);
    const member = await RawWs.connect(stack.gateway(0).wsUrl);
    member.send({ op: 20, authToken: token, roomId });
    await member.waitFor(({ op }) => op === 21);
    member.socket.pause();
    // More than every socket buffer on the way holds.
    for (let i = 0; i < 15; i++) await send(sender, 100, '界'.repeat(3_900));
    await eventually(async () => expect(await bufferedBytes()).toBeGreaterThan(MAX_OUTBOUND_BYTES));
    member.socket.resume();
    const resync = await member.waitFor(({ op }) => op === 24, 20_000);
    expect(resync).toMatchObject({ roomId, reason: 'slow', to: expect.any(Number) });
    sender.send({ op: 3, roomId, msg: 'and on', authToken: token });
    await member.waitForText('and on', 20_000);
    const missing = range(Number(resync['from']), Number(resync['to']));
    expect([...member.seqs(), ...missing].sort((a, b) => Number(a) - Number(b))).toEqual(range(1, 1_501));
    sender.close();
    member.close();
  });

  // Answers were written whatever the socket held: questions of a few bytes piled up pages of 28 kB.
  it.each(['ws', 'tcp'] as const)(
    'costs a bounded amount when somebody asks and does not read the answers, over %s',
    async (transport) => {
      const asked = 600;
      roomId = (await stack.api(token).createRoom(`questions ${transport}`)).roomId;
      const sender = await RawWs.connect(stack.gateway(0).wsUrl);
      await send(sender, 40, TEXT);
      const member = await stopped(transport);
      for (let ref = 0; ref < asked; ref++) member.send({ op: 27, roomId, after: 0, ref });
      await eventually(async () => expect(await bufferedBytes()).toBeGreaterThan(0));
      // Others are served meanwhile.
      for (let ref = 0; ref < 50; ref++) {
        sender.send({ op: 27, roomId, after: 0, ref });
        await sender.waitFor((frame) => frame.op === 27 && frame['ref'] === ref);
        expect(await bufferedBytes()).toBeLessThan(2 * MAX_HELD_BYTES);
      }
      member.socket.resume();
      await eventually(() => expect(member.ofOp(27)).toHaveLength(asked), { timeoutMs: 30_000 });
      expect(member.ofOp(27).map(({ ref }) => ref)).toEqual(range(0, asked - 1));
      sender.close();
      member.close();
    },
  );
});
