import { ParleyClient, webSocketTransport } from '@parley/client';
import { tcpTransport } from '@parley/client/node';
import type { Message } from '@parley/protocol';
import { eventually, HistoryChecker } from '@parley/testing';
import WebSocket from 'ws';

export interface CrowdOptions {
  readonly clients: number;
  readonly tokens: readonly string[];
  readonly roomIds: readonly number[];
  readonly gateways: readonly { readonly wsPort: number; readonly tcpPort: number }[];
  /** Each client sends about this often, milliseconds. */
  readonly sendIntervalMs: number;
  readonly random: () => number;
}

interface Person {
  readonly clientId: string;
  readonly senderId: string;
  readonly client: ParleyClient;
  readonly roomIds: readonly number[];
  lastReceiptAt: number;
}

/** Counters of a stretch of time. */
export interface Tally {
  acked: number;
  refused: number;
  gaveUp: number;
  received: number;
  longestGapMs: number;
}

const newTally = (): Tally => ({ acked: 0, refused: 0, gaveUp: 0, received: 0, longestGapMs: 0 });

/**
 * Many clients in several rooms, over both transports and all gateways, that talk all the time. Everything they send and
 * see goes to a {@link HistoryChecker}.
 */
export class Crowd {
  readonly checker = new HistoryChecker({ allSendsRecorded: true });
  tally = newTally();
  private readonly people: Person[] = [];
  private timer: NodeJS.Timeout | undefined;
  private sent = 0;
  private readonly pending = new Set<Promise<unknown>>();

  constructor(private readonly options: CrowdOptions) {}

  /** Connects everybody and waits until all are in their rooms. */
  async join(): Promise<void> {
    const { clients, tokens, roomIds } = this.options;
    for (let i = 0; i < clients; i++) {
      const own = [roomIds[i % roomIds.length], roomIds[(i + 1) % roomIds.length]] as number[];
      this.people.push(
        this.person(i, tokens[i % tokens.length] as string, `user-${i % tokens.length}`, [...new Set(own)]),
      );
    }
    await Promise.all(
      this.people.map(async (person) => {
        person.client.connect();
        for (const roomId of person.roomIds) {
          const { seq, epoch } = await person.client.join(roomId);
          this.checker.joined({ clientId: person.clientId, roomId, seq, epoch });
        }
      }),
    );
  }

  startTalking(): void {
    const everyMs = this.options.sendIntervalMs / this.people.length;
    this.timer = setInterval(() => {
      const person = this.people[Math.floor(this.options.random() * this.people.length)];
      if (person)
        void this.say(
          person,
          person.roomIds[Math.floor(this.options.random() * person.roomIds.length)] as number,
        );
    }, everyMs);
  }

  /** The tally so far; a new one begins. */
  takeTally(): Tally {
    const now = Date.now();
    for (const person of this.people) this.noteGap(person, now);
    const { tally } = this;
    this.tally = newTally();
    for (const person of this.people) person.lastReceiptAt = now;
    return tally;
  }

  /**
   * Says something in every room, and waits until every member there has it: the system works for everybody.
   *
   * @returns By room: the seq of what was said.
   */
  async probe(timeoutMs: number): Promise<Map<number, number>> {
    const seqs = await Promise.all(
      this.options.roomIds.map(async (roomId) => [roomId, await this.probeRoom(roomId, timeoutMs)] as const),
    );
    return new Map(seqs);
  }

  /** Stops talking, and waits for every send's outcome. */
  async fallSilent(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.pending);
  }

  async leave(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.people.map(({ client }) => client.close()));
  }

  private async probeRoom(roomId: number, timeoutMs: number): Promise<number> {
    const members = this.people.filter((person) => person.roomIds.includes(roomId));
    const [speaker] = members;
    if (!speaker) return 0;
    const result = await this.say(speaker, roomId);
    if (result.status !== 'acked') throw new Error(`a probe was not accepted: ${JSON.stringify(result)}`);
    const { seq } = result.ack;
    await eventually(
      () => {
        const behind = members.filter(({ client }) => (client.position(roomId)?.seq ?? 0) < seq).length;
        if (behind > 0) throw new Error(`${behind} clients have not got the probe in room ${roomId}`);
      },
      { timeoutMs, intervalMs: 20 },
    );
    return seq;
  }

  private say(person: Person, roomId: number) {
    const { clientId, senderId, client } = person;
    const content = `message ${++this.sent} of ${clientId}`;
    const atMs = performance.now();
    const send = client.send(roomId, content);
    const about = { clientId, roomId, clientMsgId: send.clientMsgId, senderId };
    this.checker.sent({ ...about, content, atMs });
    const outcome = send.result.then((result) => {
      if (result.status === 'acked') {
        this.tally.acked++;
        const { seq, epoch } = result.ack;
        this.checker.acked({ ...about, seq, epoch, atMs: performance.now() });
      } else if (result.status === 'refused') {
        this.tally.refused++;
        this.checker.refused({ ...about, atMs: performance.now() });
      } else {
        this.tally.gaveUp++;
      }
      return result;
    });
    this.pending.add(outcome);
    void outcome.finally(() => this.pending.delete(outcome));
    return outcome;
  }

  private person(index: number, token: string, senderId: string, roomIds: readonly number[]): Person {
    const { gateways, random } = this.options;
    const gateway = () =>
      gateways[Math.floor(random() * gateways.length)] as CrowdOptions['gateways'][number];
    const transport =
      index % 2 === 0
        ? webSocketTransport(() => `ws://127.0.0.1:${gateway().wsPort}/ws`, { WebSocket: WebSocket as never })
        : tcpTransport(() => ({ host: '127.0.0.1', port: gateway().tcpPort }));
    const client = new ParleyClient({
      transport,
      getToken: () => token,
      backoff: { minMs: 100, maxMs: 2_000 },
      random,
    });
    const person: Person = { clientId: `c${index}`, senderId, client, roomIds, lastReceiptAt: Date.now() };
    client.on('message', (message) => this.received(person, message));
    client.on('gaveUp', ({ what }) => {
      if (what === 'messages') this.tally.gaveUp++;
    });
    return person;
  }

  private received(person: Person, message: Message): void {
    const now = Date.now();
    this.noteGap(person, now);
    person.lastReceiptAt = now;
    this.tally.received++;
    this.checker.received({
      clientId: person.clientId,
      roomId: message.roomId,
      seq: message.seq,
      epoch: message.epoch,
      clientMsgId: message.clientMsgId,
      senderId: senderOf(message.msg, this.options.tokens.length),
      id: message.id,
      content: message.msg,
      atMs: performance.now(),
    });
  }

  private noteGap(person: Person, now: number): void {
    this.tally.longestGapMs = Math.max(this.tally.longestGapMs, now - person.lastReceiptAt);
  }
}

/** Who said it, as the text itself tells. */
function senderOf(text: string, users: number): string {
  return `user-${Number(/of c(\d+)$/.exec(text)?.[1] ?? 0) % users}`;
}
