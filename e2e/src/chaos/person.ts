import {
  ApiError,
  ClientError,
  newClientMsgId,
  ParleyClient,
  type ParleyApi,
  type PendingSend,
  type SendResult,
  type Transport,
} from '@parley/client';
import type { ActInput, Entry, User } from '@parley/protocol';
import { Op, readEvent } from '@parley/protocol';
import { eventually, type HistoryChecker } from '@parley/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { ACTS, effectsAsked, effectsOf, statesOf, wordsAsked, wordsOf } from './act-effects.js';
import type { Tally } from './tally.js';

/** What a person needs. */
export interface PersonOptions {
  readonly clientId: string;
  readonly user: User;
  readonly token: string;
  readonly roomIds: readonly number[];
  /** User ids of owners and moderators. */
  readonly hosts: readonly number[];
  readonly transport: Transport;
  /** The user's API, at another address for every call. */
  readonly api: () => ParleyApi;
  readonly checker: HistoryChecker;
  readonly tally: () => Tally;
  readonly random: () => number;
}

/** How long a send over HTTP is repeated, milliseconds: as long as a client repeats one over a socket. */
const HTTP_DEADLINE_MS = 120_000;
const HTTP_RETRY_MS = 200;
/** How often somebody who was put out looks whether he may come in again, milliseconds. */
const KNOCK_MS = 150;
/** With these the rules of a room refuse. */
const RULES: ReadonlySet<string> = new Set(['MUTED', 'HOSTS_ONLY', 'ROOM_CLOSED', 'BANNED']);
const STATE_TIMEOUT_MS = 30_000;
/** Messages of a room that somebody remembers, to point at. */
const REMEMBERED = 20;

let said = 0;

/** Somebody with a client, in some rooms. Everything sent, answered and shown goes to the history checker. */
export class Person {
  readonly client: ParleyClient;
  lastReceiptAt = performance.now();
  /** Where the client joined each room last, and since when it has been connected. */
  private readonly joinedAt = new Map<number, number>();
  private onlineAt = performance.now();
  /** The last shown of each room: from there on it is read again by whoever was put out. */
  private readonly last = new Map<number, { lastSeq: number; epoch: string }>();
  private readonly recent = new Map<number, { seq: number; senderId: number }[]>();
  /** Rooms that he was put out of, and wants to be in: what his last attempt was answered. */
  private readonly outside = new Map<number, string>();
  private lastOutsideAt = -Infinity;

  constructor(private readonly options: PersonOptions) {
    const { transport, token, random } = options;
    this.client = new ParleyClient({
      transport,
      getToken: () => token,
      backoff: { minMs: 100, maxMs: 2_000 },
      // Hosts who want it done, whatever goes on.
      actDeadlineMs: 120_000,
      random,
    });
    this.client.on('message', (message) => this.received(message));
    this.client.on('event', ({ entry }) => this.received(entry));
    this.client.on('state', ({ state }) => {
      if (state === 'online') this.onlineAt = performance.now();
    });
    this.client.on('joined', ({ roomId, seq, epoch }) => {
      this.joinedAt.set(roomId, seq);
      if (!this.last.has(roomId)) this.last.set(roomId, { lastSeq: seq, epoch });
    });
    this.client.on('putOut', ({ roomId }) => void this.comeBack(roomId));
    this.client.on('epoch', ({ roomId, previous }) =>
      options.checker.epochEnded({ clientId: options.clientId, roomId, epoch: previous }),
    );
    this.client.on('gaveUp', ({ what, reason, roomId = 0 }) => {
      if (what !== 'messages') return;
      // Banned while it was away, and told so when it came back.
      if (reason === 'BANNED') void this.comeBack(roomId);
      else options.tally().gaveUp++;
    });
  }

  get user(): User {
    return this.options.user;
  }

  get roomIds(): readonly number[] {
    return this.options.roomIds;
  }

  /** Connects; resolves when it is in all its rooms. */
  async enter(): Promise<void> {
    const { checker, clientId } = this.options;
    this.client.connect();
    for (const roomId of this.roomIds) {
      const { seq, epoch } = await this.knock(roomId);
      checker.joined({ clientId, roomId, seq, epoch });
    }
  }

  /** In all its rooms, as far as it knows. */
  get isInside(): boolean {
    return this.outside.size === 0;
  }

  /** Messages of a room that it was shown lately, the newest last. */
  seen(roomId: number): readonly { readonly seq: number; readonly senderId: number }[] {
    return this.recent.get(roomId) ?? [];
  }

  /** Does something to a room. @returns Its seq; undefined when it was refused, or given up. */
  async act(roomId: number, act: ActInput): Promise<number | undefined> {
    const { checker, clientId, hosts, tally } = this.options;
    const clientMsgId = newClientMsgId();
    const about = { clientId, roomId, clientMsgId, senderId: ACTS };
    const content = wordsAsked(act);
    checker.sent({
      ...about,
      ...(content !== undefined && { content }),
      act: effectsAsked(act, hosts),
      atMs: performance.now(),
    });
    try {
      const { seq, epoch } = await this.client.act(roomId, act, { clientMsgId });
      tally().acts++;
      checker.acked({ ...about, seq, epoch, atMs: performance.now() });
      return seq;
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      if (error.retryable) tally().gaveUp++;
      else if (!['CLOSED', 'ENDED'].includes(error.code))
        checker.refused({ ...about, atMs: performance.now() });
      return undefined;
    }
  }

  /** Tells the checker how each of its rooms stands, in its own eyes and in the server's. */
  async tellStates(): Promise<void> {
    const { checker, clientId, user } = this.options;
    for (const roomId of this.roomIds) {
      const { state } = await eventually(() => this.options.api().roomState(roomId), {
        timeoutMs: STATE_TIMEOUT_MS,
      });
      for (const [name, known] of [
        [clientId, this.client.roomState(roomId)],
        [`server for ${clientId}`, state],
      ] as const)
        for (const one of statesOf(known, user.userId)) checker.stands({ clientId: name, roomId, ...one });
    }
  }

  /** Reads a few messages from there on, over the socket or over HTTP: they must be as acts have made them. */
  async look(roomId: number, from: number, over: 'socket' | 'http'): Promise<void> {
    const { checker, clientId } = this.options;
    const readFromMs = performance.now();
    const query = { after: from - 1, limit: 5 };
    try {
      const page = await (over === 'socket'
        ? this.client.history(roomId, query)
        : this.options.api().history(roomId, query));
      for (const entry of page.messages)
        checker.read({
          clientId: `${clientId} ${over}`,
          ...receiptOf(entry, this.options.hosts),
          readFromMs,
          atMs: performance.now(),
        });
    } catch (error) {
      // What is down meanwhile is a fault's doing: the next look is another one.
      if (!(error instanceof ClientError || error instanceof ApiError)) throw error;
    }
  }

  /** Goes, with everything that was shown so far to its name and nothing more. */
  async leave(): Promise<void> {
    const { checker, clientId } = this.options;
    for (const roomId of this.roomIds) checker.left({ clientId, roomId });
    await this.client.close();
  }

  /** The last seq shown of a room; 0 before the first. */
  seq(roomId: number): number {
    return this.client.position(roomId)?.seq ?? 0;
  }

  /** For people: which rooms it is kept out of, and how. */
  get whyOutside(): string {
    return [...this.outside]
      .map(([roomId, code]) => `${code} in room ${roomId}: ${this.whereIn(roomId)}`)
      .join('; ');
  }

  /** For people: where it stands in a room, and since when. */
  whereIn(roomId: number): string {
    const { seq, epoch } = this.client.position(roomId) ?? { seq: '-', epoch: '-' };
    const joined = this.joinedAt.get(roomId) ?? '-';
    const onlineMs = Math.round(performance.now() - this.onlineAt);
    return `${this.options.clientId}, ${this.client.state} for ${onlineMs} ms, has ${seq} of ${epoch}, joined at ${joined}`;
  }

  /** Says something over the socket. */
  say(roomId: number): Promise<SendResult> {
    return this.record(roomId, (text) => this.client.send(roomId, text));
  }

  /** Says something over HTTP, through whichever gateway-api answers. */
  post(roomId: number): Promise<SendResult> {
    return this.record(roomId, (text) => {
      const clientMsgId = newClientMsgId();
      return { clientMsgId, result: this.postUntilSettled(roomId, text, clientMsgId) };
    });
  }

  /** Notes how long nothing was shown. @param nowMs - Of `performance.now()`, like all times here: it is never set. */
  noteGap(nowMs: number): void {
    if (this.isToldLittle) return;
    const tally = this.options.tally();
    tally.longestGapMs = Math.max(tally.longestGapMs, Math.round(nowMs - this.lastReceiptAt));
  }

  private async record(roomId: number, send: (text: string) => PendingSend): Promise<SendResult> {
    const { checker, clientId, user, tally } = this.options;
    const content = `message ${++said} of ${clientId}`;
    // Before it goes out, as the checker wants it.
    const sentAtMs = performance.now();
    const { clientMsgId, result: pending } = send(content);
    const about = { clientId, roomId, clientMsgId, senderId: user.userId };
    checker.sent({ ...about, content, atMs: sentAtMs });
    const result = await pending;
    const atMs = performance.now();
    if (result.status === 'acked') {
      tally().acked++;
      checker.acked({ ...about, seq: result.ack.seq, epoch: result.ack.epoch, atMs });
    } else if (result.status === 'refused') {
      const { code } = result.error;
      // Put out while it was on its way: then the room is not his to speak in.
      const isByRule = RULES.has(code) || (code === 'NOT_JOINED' && this.lastOutsideAt > sentAtMs);
      tally()[isByRule ? 'forbidden' : 'refused']++;
      checker.refused({ ...about, atMs });
    } else tally().gaveUp++;
    return result;
  }

  private async postUntilSettled(roomId: number, text: string, idempotencyKey: string): Promise<SendResult> {
    const deadline = performance.now() + HTTP_DEADLINE_MS;
    for (;;) {
      try {
        const ack = await this.options.api().send(roomId, text, { idempotencyKey });
        return { status: 'acked', ack: { ...ack, op: 22 } };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (!error.retryable) {
          const { code, message } = error;
          return { status: 'refused', error: { op: 23, code, message, retryable: false } };
        }
        if (performance.now() > deadline) return { status: 'gave-up', reason: 'SEND_DEADLINE' };
        await pause(error.problem?.retryAfterMs ?? HTTP_RETRY_MS);
      }
    }
  }

  /** Put out of a room, or in one where few may speak: silence there is nobody's fault. */
  private get isToldLittle(): boolean {
    const isOpen = (roomId: number) => this.client.roomState(roomId)?.mode === 'everyone';
    return !this.isInside || !this.roomIds.every(isOpen);
  }

  /** Whoever was put out comes back as soon as he may, and goes on where he was. */
  private async comeBack(roomId: number): Promise<void> {
    this.lastOutsideAt = performance.now();
    if (this.outside.has(roomId)) return;
    this.outside.set(roomId, 'not answered');
    try {
      await this.knock(roomId, (code) => this.outside.set(roomId, code));
    } catch (error) {
      // The run is over.
      if (!(error instanceof ClientError)) throw error;
    } finally {
      this.lastReceiptAt = this.lastOutsideAt = performance.now();
      this.outside.delete(roomId);
    }
  }

  /** Joins a room; while he is banned, again and again. @param refused - Told of every refusal. */
  private async knock(
    roomId: number,
    refused: (code: string) => void = () => undefined,
  ): Promise<{ seq: number; epoch: string }> {
    for (;;) {
      try {
        return await this.client.join(roomId, this.last.get(roomId));
      } catch (error) {
        if (!(error instanceof ClientError) || !['BANNED', 'KICKED'].includes(error.code)) throw error;
        refused(error.code);
        await pause(KNOCK_MS);
      }
    }
  }

  private received(entry: Entry): void {
    const { checker, clientId, hosts, tally } = this.options;
    const { roomId, seq, epoch } = entry;
    const atMs = performance.now();
    this.noteGap(atMs);
    this.lastReceiptAt = atMs;
    this.last.set(roomId, { lastSeq: seq, epoch });
    tally().received++;
    if (entry.op !== Op.event) {
      const recent = [...this.seen(roomId), { seq, senderId: entry.fromUserId }];
      this.recent.set(roomId, recent.slice(-REMEMBERED));
    }
    // What was there when it joined has been read; what is above was told.
    const isRead = seq <= (this.joinedAt.get(roomId) ?? 0);
    checker.received({
      clientId,
      ...receiptOf(entry, hosts),
      ...(isRead && { readFromMs: this.onlineAt }),
      atMs,
    });
  }
}

/** What of an entry is compared: the number, the sender, both ids, and the text or what it does. */
export function receiptOf(entry: Entry, hosts: readonly number[]) {
  const { roomId, seq, epoch, clientMsgId, id } = entry;
  const place = { roomId, seq, epoch, clientMsgId, id };
  if (entry.op !== Op.event)
    return {
      ...place,
      senderId: entry.fromUserId,
      ...(entry.deleted ? { deleted: true } : { content: entry.msg }),
    };
  const event = readEvent(entry);
  return {
    ...place,
    senderId: ACTS,
    ...(event && { content: wordsOf(event), act: effectsOf(event, hosts) }),
  };
}
