import { setTimeout as sleep } from 'node:timers/promises';
import type { Audience, Member } from './audience.js';
import type { Publish, Published, Target } from './commands.js';
import { HttpLane } from './http-lane.js';
import { LatencyRecorder } from './latencies.js';
import { sessionToken } from '../../session-token.js';
import { textOf, type Wire } from './wire.js';

/** Deliveries are waited for while they come; so long without one is the end, milliseconds. */
const SILENCE_MS = 10_000;
const FIRST_PUBLISHER = 900_000;

/** Who sends: one connection. */
interface Sender {
  roomFor(index: number): number;
  /** Calls `done` with nothing, or with why it was refused. */
  send(index: number, done: (code: string | undefined) => void): void;
}

/** Sends on schedule or as fast as it is answered, and keeps account of what comes of it. */
export class Publication {
  private readonly scheduledMs: number[] = [];
  private readonly answers = new Map<number, (code: string | undefined) => void>();
  private readonly answer = new LatencyRecorder();
  private readonly delivery = new LatencyRecorder();
  private readonly refused: Record<string, number> = {};
  private readonly timeOneIn: number;
  private accepted = 0;
  private expected = 0;
  private deliveries = 0;
  private duplicated = 0;
  private disordered = 0;
  private resyncs = 0;
  private lastAnswerMs = 0;
  private lastDeliveryMs = 0;

  constructor(
    private readonly audience: Audience,
    private readonly wire: Wire,
    private readonly order: Publish,
  ) {
    this.timeOneIn = order.timeOneIn ?? 1;
  }

  async run(): Promise<Published> {
    const cpu = process.cpuUsage();
    const inRoom = new Map<number, number>();
    for (const member of this.audience.members) {
      inRoom.set(member.roomId, (inRoom.get(member.roomId) ?? 0) + 1);
      // The sends are counted anew, and where there are no numbers they stand for them.
      member.last = 0;
    }
    const isNumbered = this.order.target.wire === 'parley';
    this.audience.listener = {
      delivered: (member, index, seq) =>
        this.delivered(member, index, isNumbered ? seq : index + 1, isNumbered),
      answered: (index, code) => this.answers.get(index)?.(code),
      resync: () => this.resyncs++,
    };
    const { senders, end } = this.senders();
    const startedAt = performance.now();
    this.lastDeliveryMs = this.lastAnswerMs = startedAt;
    const free = [...senders];
    const sendNext = (scheduledMs: number, sender: Sender) =>
      new Promise<void>((resolve) => {
        const index = this.scheduledMs.push(scheduledMs) - 1;
        sender.send(index, (code) => {
          this.answers.delete(index);
          this.answered(index, code, inRoom.get(sender.roomFor(index)) ?? 0);
          resolve();
        });
      });
    if (this.order.rate === undefined) await this.asFastAsAnswered(startedAt, senders, sendNext);
    else await this.onSchedule(startedAt, this.order.rate, free, sendNext);
    const seconds = (Math.max(this.lastAnswerMs, performance.now()) - startedAt) / 1_000;
    while (this.deliveries < this.expected && performance.now() - this.lastDeliveryMs < SILENCE_MS)
      await sleep(5);
    end();
    this.audience.listener = undefined;
    const { user, system } = process.cpuUsage(cpu);
    return {
      seconds,
      deliverySeconds: (this.lastDeliveryMs - startedAt) / 1_000,
      sent: this.scheduledMs.length,
      accepted: this.accepted,
      refused: this.refused,
      deliveries: this.deliveries,
      lost: Math.max(0, this.expected - (this.deliveries - this.duplicated)),
      duplicated: this.duplicated,
      disordered: this.disordered,
      resyncs: this.resyncs,
      answer: this.answer.result(),
      delivery: this.delivery.result(),
      loadCpuSeconds: (user + system) / 1e6,
    };
  }

  /** The whole schedule, also what is late: a slow server does not get fewer sends. */
  private async onSchedule(
    startedAt: number,
    rate: number,
    free: Sender[],
    sendNext: (scheduledMs: number, sender: Sender) => Promise<void>,
  ): Promise<void> {
    const total = Math.round(rate * this.order.seconds);
    const underWay = new Set<Promise<void>>();
    for (let i = 0; i < total;) {
      const dueMs = startedAt + (i * 1_000) / rate;
      const sender = performance.now() >= dueMs ? free.shift() : undefined;
      if (!sender) {
        await sleep(1);
        continue;
      }
      i++;
      const sending = sendNext(dueMs, sender).then(() => {
        free.push(sender);
        underWay.delete(sending);
      });
      underWay.add(sending);
    }
    await Promise.all(underWay);
  }

  private async asFastAsAnswered(
    startedAt: number,
    senders: readonly Sender[],
    sendNext: (scheduledMs: number, sender: Sender) => Promise<void>,
  ): Promise<void> {
    const endsAt = startedAt + this.order.seconds * 1_000;
    const again = async (sender: Sender) => {
      while (performance.now() < endsAt) await sendNext(performance.now(), sender);
    };
    const each = Array.from({ length: this.order.inFlight ?? 1 });
    await Promise.all(senders.flatMap((sender) => each.map(() => again(sender))));
  }

  private senders(): { readonly senders: Sender[]; end(): void } {
    const { via, publishers, target } = this.order;
    if (via === 'ws') return { senders: this.memberSenders(publishers), end: () => undefined };
    const url = new URL(target.http);
    const lanes = Array.from({ length: publishers * (this.order.inFlight ?? 1) }, () => new HttpLane(url));
    return {
      senders: lanes.map((lane, i) => this.httpSender(lane, url.host, tokenOf(target, i))),
      end: () => lanes.forEach((lane) => lane.end()),
    };
  }

  private httpSender(lane: HttpLane, host: string, token: string): Sender {
    const { rooms } = this.order;
    const roomFor = (index: number) => rooms[index % rooms.length] as number;
    return {
      roomFor,
      send: (index, done) =>
        lane.request(this.wire.request(host, token, roomFor(index), index, textOf(index)), (status) =>
          done(status >= 200 && status < 300 ? undefined : String(status)),
        ),
    };
  }

  /** Members of the rooms in turn, so that each room has its share of them. */
  private memberSenders(count: number): Sender[] {
    const { publish } = this.wire;
    if (!publish) throw new Error(`${this.order.target.wire} takes no sends over WebSocket`);
    return this.audience.members.slice(0, count).map(({ roomId, socket }) => ({
      roomFor: () => roomId,
      send: (index, done) => {
        this.answers.set(index, done);
        socket.send(publish(roomId, index, textOf(index)));
      },
    }));
  }

  private answered(index: number, code: string | undefined, members: number): void {
    this.lastAnswerMs = performance.now();
    if (code === undefined) {
      this.accepted++;
      this.expected += members;
      this.answer.add(this.lastAnswerMs - (this.scheduledMs[index] as number));
    } else this.refused[code] = (this.refused[code] ?? 0) + 1;
  }

  private delivered(member: Member, index: number, place: number, isNumbered: boolean): void {
    this.deliveries++;
    if (isNumbered && place === member.last) this.duplicated++;
    else if (place < member.last) this.disordered++;
    else member.last = place;
    if (this.deliveries % this.timeOneIn !== 0) return;
    this.lastDeliveryMs = performance.now();
    this.delivery.add(this.lastDeliveryMs - (this.scheduledMs[index] as number));
  }
}

const tokenOf = ({ secret, database }: Target, i: number): string =>
  sessionToken(FIRST_PUBLISHER + i, secret ?? '', database ?? '');
