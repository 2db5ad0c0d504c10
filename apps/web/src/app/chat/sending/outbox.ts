import { newClientMsgId, type ParleyClient, type SendResult } from '@parley/client';
import type { AckFrame, ErrorFrame, User } from '@parley/protocol';
import { parseKey, type ThreadKey } from '../threads/thread-key.js';
import { hasRoomFor, outboxLimits, type OutboxEntry } from './outbox-entry.js';
import { OutboxLeader } from './outbox-leader.js';
import { OutboxStore, type NewEntry } from './outbox-store.js';
import { TabChannel, type TabWord } from './tab-channel.js';

/** While something waits for another tab, its tab is asked again this often, milliseconds, plus up to half of it. */
const checkEveryMs = 2_000;

/** What an outbox stands on and whom it tells. */
export interface OutboxPorts {
  readonly client: Pick<ParleyClient, 'send' | 'sendDirect' | 'withdraw' | 'state'>;
  readonly me: User;
  /** What is kept has changed, here or in another tab. In line. */
  changed(entries: readonly OutboxEntry[]): void;
  /** The server has a message; this tab, or another, has sent it. */
  acked(thread: ThreadKey, ack: Pick<AckFrame, 'clientMsgId' | 'roomId' | 'seq'>): void;
  /** The server has not taken a message, as the room stands: it is the user's again, and not kept here. */
  returned(entry: OutboxEntry, error: ErrorFrame): void;
  /** @defaultValue what the browser has */
  readonly store?: OutboxStore;
  /** @defaultValue the browser's */
  readonly channel?: TabChannel;
  /** Milliseconds since 1970. @defaultValue Date.now */
  readonly now?: () => number;
}

/** The session is over, not the message: it waits for the next log-in. */
const sessionCodes: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'SESSION_REVOKED']);

/** Rules of the room. When they allow it again is for people to say, and whether it is still worth saying for its author. */
const roomRules: ReadonlySet<string> = new Set(['MUTED', 'HOSTS_ONLY', 'ROOM_CLOSED', 'SLOW_MODE']);

/**
 * Keeps what the user has sent until the server has it, or has refused it for good: over reloads, log-outs and days
 * without a connection. One tab hands it to its connection, in line; all of them show it.
 *
 * The connection (libs/client) repeats what it was handed until it is settled, but forgets it with the page: what is owed
 * is known here.
 */
export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #signal: AbortSignal;
  readonly #store: OutboxStore;
  readonly #channel: TabChannel;
  readonly #leader: OutboxLeader;
  readonly #now: () => number;
  #entries: readonly OutboxEntry[] = [];
  /** On their way into the store. */
  readonly #adding = new Map<string, OutboxEntry>();
  /** Given to this tab's connection, and not settled. */
  readonly #handed = new Set<string>();
  /** Settled, but maybe not gone from what was read last. */
  readonly #settled = new Set<string>();
  #pumping: Promise<void> | undefined;
  #pumpAgain = false;
  #checkTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(ports: OutboxPorts, signal: AbortSignal) {
    const { me, client } = ports;
    this.#ports = ports;
    this.#signal = signal;
    this.#now = ports.now ?? Date.now;
    this.#store = ports.store ?? new OutboxStore(me);
    this.#channel = ports.channel ?? new TabChannel(me.userId);
    const parts = {
      store: this.#store,
      channel: this.#channel,
      tab: newClientMsgId(),
      canSend: () => this.#canSend(),
      lost: () => {
        for (const id of this.#handed) if (!this.#store.isUnkept(id)) client.withdraw(id);
      },
    };
    this.#leader = new OutboxLeader(parts, signal);
    const off = this.#channel.hear((word) => this.#heard(word));
    signal.addEventListener('abort', () => {
      clearTimeout(this.#checkTimer);
      off();
      this.#channel.close();
    });
  }

  /** In line, those that are only being put there at its end. */
  get entries(): readonly OutboxEntry[] {
    return [...this.#entries, ...this.#adding.values()];
  }

  /** Whether what is sent survives the page. */
  get isDurable(): boolean {
    return this.#store.isDurable;
  }

  /** Whether something would be lost with the page. */
  get hasUnkept(): boolean {
    return this.#adding.size > 0 || this.#store.hasUnkept;
  }

  /** Reads what was kept, and sends what may go. Call when the connection is there, too. */
  wake(): void {
    void this.#pump();
  }

  /** Takes a message. @returns False when nothing more fits: it is still the caller's. */
  add(thread: ThreadKey, text: string): boolean {
    const { entries } = this;
    if (!hasRoomFor(entries, text)) return false;
    const { userId, userName } = this.#ports.me;
    const entry: NewEntry = {
      clientMsgId: newClientMsgId(),
      userId,
      userName,
      thread,
      text,
      createdAtMs: this.#now(),
    };
    this.#adding.set(entry.clientMsgId, { ...entry, order: Infinity });
    this.#publish();
    void this.#keep(entry);
    return true;
  }

  /** Sends one that was refused again, under its id. */
  async sendAgain(clientMsgId: string): Promise<void> {
    await this.#store.change(clientMsgId, { createdAtMs: this.#now(), errorCode: undefined });
    this.#settled.delete(clientMsgId);
    this.#tellChanged();
  }

  /** Forgets one that was refused. */
  async discard(clientMsgId: string): Promise<void> {
    this.#settled.add(clientMsgId);
    this.#publish();
    await this.#store.remove(clientMsgId);
    this.#tellChanged();
  }

  async #keep(entry: NewEntry): Promise<void> {
    await this.#store.add(entry);
    this.#tellChanged();
  }

  #tellChanged(): void {
    if (this.#signal.aborted) return;
    this.#channel.say({ say: 'changed' });
    void this.#pump();
  }

  #heard(word: TabWord): void {
    if (word.say === 'changed') void this.#pump();
    if (word.say !== 'acked') return;
    this.#settled.add(word.clientMsgId);
    this.#ports.acked(word.thread, word);
  }

  #canSend(): boolean {
    const { state } = this.#ports.client;
    // Idle: it connects when there is something to send.
    return state === 'online' || state === 'idle';
  }

  /** One after the other, so that what is added in line is handed on in line. */
  #pump(): Promise<void> {
    if (this.#pumping) this.#pumpAgain = true;
    this.#pumping ??= this.#pumpOnce().finally(() => {
      this.#pumping = undefined;
      if (!this.#pumpAgain) return;
      this.#pumpAgain = false;
      void this.#pump();
    });
    return this.#pumping;
  }

  async #pumpOnce(): Promise<void> {
    await this.#read();
    if (!this.#waiting().length || !this.#canSend() || this.#signal.aborted) return;
    const isLeading = await this.#leader.lead();
    if (this.#signal.aborted) return;
    if (!isLeading) this.#checkSoon();
    // Another tab may have sent some of it until now.
    else await this.#read();
    if (this.#signal.aborted) return;
    for (const entry of this.#waiting()) {
      if (this.#handed.has(entry.clientMsgId)) continue;
      // No other tab knows of what the browser did not keep.
      if (!isLeading && !this.#store.isUnkept(entry.clientMsgId)) continue;
      if (this.#now() - entry.createdAtMs > outboxLimits.maxWaitMs)
        void this.#refuse(entry, 'WAITED_TOO_LONG');
      else void this.#hand(entry);
    }
  }

  #waiting(): readonly OutboxEntry[] {
    return this.#entries.filter(
      ({ clientMsgId, errorCode }) => errorCode === undefined && !this.#settled.has(clientMsgId),
    );
  }

  #checkSoon(): void {
    clearTimeout(this.#checkTimer);
    this.#checkTimer = setTimeout(() => void this.#pump(), checkEveryMs * (1 + Math.random() / 2));
  }

  async #read(): Promise<void> {
    const entries = await this.#store.entries();
    const ids = new Set(entries.map(({ clientMsgId }) => clientMsgId));
    for (const id of this.#adding.keys()) if (ids.has(id)) this.#adding.delete(id);
    for (const id of this.#settled) if (!ids.has(id)) this.#settled.delete(id);
    this.#entries = entries;
    for (const entry of entries) {
      const isStale =
        entry.errorCode !== undefined && this.#now() - entry.createdAtMs > outboxLimits.maxRefusedMs;
      if (isStale) void this.#store.remove(entry.clientMsgId);
    }
    this.#publish();
  }

  #publish(): void {
    if (this.#signal.aborted) return;
    this.#ports.changed(this.entries.filter(({ clientMsgId }) => !this.#settled.has(clientMsgId)));
  }

  async #hand(entry: OutboxEntry): Promise<void> {
    const { client } = this.#ports;
    const { clientMsgId, text } = entry;
    const { kind, id } = parseKey(entry.thread);
    this.#handed.add(clientMsgId);
    const { result } =
      kind === 'room' ? client.send(id, text, { clientMsgId }) : client.sendDirect(id, text, { clientMsgId });
    await this.#settle(entry, await result);
    this.#handed.delete(clientMsgId);
  }

  async #settle(entry: OutboxEntry, result: SendResult): Promise<void> {
    // Given up: by this connection only. It waits for the next one, or for another tab's.
    if (result.status === 'gave-up') return;
    if (result.status === 'refused') {
      const { code } = result.error;
      if (roomRules.has(code) && !this.#signal.aborted) await this.#giveBack(entry, result.error);
      else if (!sessionCodes.has(code)) await this.#refuse(entry, code);
      return;
    }
    const { clientMsgId, thread } = entry;
    const { roomId, seq } = result.ack;
    this.#settled.add(clientMsgId);
    if (!this.#signal.aborted) {
      this.#channel.say({ say: 'acked', thread, clientMsgId, roomId, seq });
      this.#ports.acked(thread, result.ack);
    }
    await this.#store.remove(clientMsgId);
    await this.#read();
  }

  async #giveBack(entry: OutboxEntry, error: ErrorFrame): Promise<void> {
    const { clientMsgId } = entry;
    this.#settled.add(clientMsgId);
    this.#ports.returned(entry, error);
    this.#publish();
    await this.#store.remove(clientMsgId);
    this.#tellChanged();
  }

  async #refuse({ clientMsgId, createdAtMs }: OutboxEntry, errorCode: string): Promise<void> {
    await this.#store.change(clientMsgId, { createdAtMs, errorCode });
    this.#tellChanged();
  }
}
