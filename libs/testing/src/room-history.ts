import type { ActEffects, SteppedBackRecord } from './history-records.js';

/** As much as a record tells about a message. What is undefined is unknown and equals anything. */
export interface MessageIdentity {
  senderId: string | undefined;
  clientMsgId: string | undefined;
  id: string | undefined;
  contentHash: number | undefined;
}

/** One seq of a room. */
export interface Slot {
  epoch: string | number;
  acked: boolean;
  /** When a message was acked or shown here for the first time, in ms. */
  seenAtMs: number;
  /** The message first recorded here. */
  first: MessageIdentity;
  /** What an act here does; undefined for a message. */
  act?: ActEffects;
  /** Different messages seen here too; absent in a sound history. */
  others?: MessageIdentity[];
}

/** What is known of one message by its sender's id. */
export interface Outgoing {
  clientMsgId: string;
  attempts: number;
  refusals: number;
  /** First attempt, in ms; infinite without one. */
  sentAtMs: number;
  /** First ack, in ms; infinite without one. */
  ackedAtMs: number;
  /** Of what was sent; undefined when no attempt tells it. */
  contentHash: number | undefined;
  /** What it was asked to do; undefined for a message. */
  act?: ActEffects;
}

/** The numbers of one room and what was seen under them. One entry a message, whatever the audience. */
export class RoomHistory {
  readonly slots = new Map<number, Slot>();
  readonly outgoing = new Map<string, Outgoing>();
  /** Epochs known at positions without a message, from joins. */
  readonly anchors = new Map<number, string | number>();
  /** When the server had less than before, in the order of time. */
  readonly stepsBack: SteppedBackRecord[] = [];
  /** Highest seq acked or received. */
  maxSeq = 0;
  /** Numbers of acts. */
  readonly actSeqs = new Set<number>();
  /** First seq of each message, by both its names. */
  readonly #seqOf = new Map<string, number>();
  /** All seqs of messages that have more than one; empty in a sound history. */
  readonly #seqsOf = new Map<string, Set<number>>();

  /** The record of a sender's message, created on first use. */
  message(senderId: string | undefined, clientMsgId: string): Outgoing {
    const key = senderKey(senderId, clientMsgId);
    let found = this.outgoing.get(key);
    if (!found) {
      found = {
        clientMsgId,
        attempts: 0,
        refusals: 0,
        sentAtMs: Infinity,
        ackedAtMs: Infinity,
        contentHash: undefined,
      };
      this.outgoing.set(key, found);
    }
    return found;
  }

  /** What its sender told of a message that was seen; undefined when nothing, or when it does not say who it is. */
  sentAs({ senderId, clientMsgId }: MessageIdentity): Outgoing | undefined {
    return clientMsgId === undefined ? undefined : this.outgoing.get(senderKey(senderId, clientMsgId));
  }

  /**
   * Notes that a message was seen under a number.
   *
   * @param atMs - When. Sightings may be noted in any order of time.
   * @returns Whether it is the message first seen there.
   */
  observe(seq: number, epoch: string | number, seen: MessageIdentity, atMs: number): boolean {
    const slot = this.slots.get(seq);
    if (!slot) {
      this.slots.set(seq, { epoch, acked: false, seenAtMs: atMs, first: seen });
      if (seq > this.maxSeq) this.maxSeq = seq;
      this.#name(seq, seen);
      return true;
    }
    if (atMs < slot.seenAtMs) slot.seenAtMs = atMs;
    if (isCompatible(slot.first, seen)) {
      this.#learn(seq, slot.first, seen);
      return true;
    }
    slot.others ??= [];
    const known = slot.others.find((other) => isCompatible(other, seen));
    if (known) {
      this.#learn(seq, known, seen);
    } else {
      slot.others.push(seen);
      this.#name(seq, seen);
    }
    return false;
  }

  /** Notes what the act under a number does. */
  actAt(seq: number, effects: ActEffects): void {
    const slot = this.slots.get(seq);
    if (!slot) return;
    slot.act = effects;
    this.actSeqs.add(seq);
  }

  /** First number a sender's message was seen under. */
  seqOf(senderKeyOfMessage: string): number | undefined {
    return this.#seqOf.get(senderKeyOfMessage);
  }

  /** Messages seen under several numbers: their names and the numbers, ascending. */
  repeatedMessages(): { name: string; seqs: number[] }[] {
    return [...this.#seqsOf].map(([name, seqs]) => ({ name, seqs: [...seqs].sort((a, b) => a - b) }));
  }

  /** Whether a message was seen under another number as well. */
  isElsewhere(seq: number, { senderId, clientMsgId, id }: MessageIdentity): boolean {
    const names = namesOf(senderId, clientMsgId, id);
    return names.some((name) => [...(this.#seqsOf.get(name) ?? [])].some((other) => other !== seq));
  }

  /** Adds what a further sighting tells about a known message. */
  #learn(seq: number, known: MessageIdentity, seen: MessageIdentity): void {
    const news = known.clientMsgId === undefined && seen.clientMsgId !== undefined;
    const newId = known.id === undefined && seen.id !== undefined;
    if (news) {
      known.clientMsgId = seen.clientMsgId;
      known.senderId = seen.senderId;
    }
    if (newId) known.id = seen.id;
    known.contentHash ??= seen.contentHash;
    if (news || newId) this.#name(seq, known);
  }

  #name(seq: number, { senderId, clientMsgId, id }: MessageIdentity): void {
    for (const name of namesOf(senderId, clientMsgId, id)) {
      const first = this.#seqOf.get(name);
      if (first === undefined) {
        this.#seqOf.set(name, seq);
      } else if (first !== seq) {
        const all = this.#seqsOf.get(name) ?? new Set([first]);
        this.#seqsOf.set(name, all.add(seq));
      }
    }
  }
}

/** Refused at every attempt, and never accepted. An unanswered attempt may have been accepted. */
export function isRefused({ attempts, refusals, ackedAtMs }: Outgoing): boolean {
  return ackedAtMs === Infinity && refusals > 0 && refusals >= attempts;
}

/** The name a sender's message goes by. */
export function senderKey(senderId: string | undefined, clientMsgId: string): string {
  return `c\n${senderId ?? ''}\n${clientMsgId}`;
}

/** A message's own part of a name, for people. */
export function nameIn(name: string): string {
  return name.slice(name.lastIndexOf('\n') + 1);
}

/** 32-bit FNV-1a over UTF-16 units: enough to notice a changed body. */
export function hashContent(content: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < content.length; i++) hash = Math.imul(hash ^ content.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function namesOf(
  senderId: string | undefined,
  clientMsgId: string | undefined,
  id: string | undefined,
): string[] {
  const names: string[] = [];
  if (clientMsgId !== undefined) names.push(senderKey(senderId, clientMsgId));
  if (id !== undefined) names.push(`i\n${id}`);
  return names;
}

function isCompatible(a: MessageIdentity, b: MessageIdentity): boolean {
  return (
    (a.clientMsgId === undefined ||
      b.clientMsgId === undefined ||
      (a.clientMsgId === b.clientMsgId && a.senderId === b.senderId)) &&
    (a.id === undefined || b.id === undefined || a.id === b.id) &&
    (a.contentHash === undefined || b.contentHash === undefined || a.contentHash === b.contentHash)
  );
}
