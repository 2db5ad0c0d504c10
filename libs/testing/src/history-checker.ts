import { ClientWindow } from './client-window.js';
import { HistoryFindings } from './history-findings.js';
import type {
  AckedRecord,
  EpochEndedRecord,
  ExcusedRange,
  HistoryStats,
  JoinedRecord,
  LeftRecord,
  ReadRecord,
  ReceivedRecord,
  RefusedRecord,
  SentRecord,
  StandsRecord,
  SteppedBackRecord,
  Violation,
} from './history-records.js';
import { latencyOf } from './latency.js';
import { destroyedRanges } from './destroyed-ranges.js';
import { auditStepsBack } from './steps-back.js';
import { auditRoom } from './room-audit.js';
import { hashContent, isRefused, RoomHistory, type MessageIdentity } from './room-history.js';
import { RoomModeration } from './room-moderation.js';
import type { RoomRecords } from './room-records.js';

/** Options of {@link HistoryChecker}. */
export interface HistoryCheckerOptions {
  /** Violations of one kind that are kept in full; all are counted. @defaultValue 200 */
  maxViolationsPerKind?: number;
  /**
   * Every attempt of every client in these rooms is recorded, so a message that nobody sent is an invention. Not for
   * rooms that others write to, or that had messages before. @defaultValue false
   */
  allSendsRecorded?: boolean;
}

/**
 * Judges what clients experienced: nothing lost, nothing twice, one order, and what acts forbid or hide from their numbers on.
 *
 * Record everything as it happens, for each client in the order in which it happened to that
 * client; between clients only the times that the records carry matter. When all is quiet, call {@link check}.
 *
 * A receipt is judged at once and not kept: memory grows with messages, not with their audience.
 *
 * How epochs count: a room's numbers are never reused, in no epoch; a new epoch may begin anywhere
 * above the last, also when the server has lost some ({@link steppedBack}). So numbers that nobody ever saw are a `gap` within an epoch and fine between two.
 */
export class HistoryChecker {
  readonly #rooms = new Map<number, RoomRecords>();
  readonly #excuses: ExcusedRange[] = [];
  readonly #maxPerKind: number;
  readonly #allSendsRecorded: boolean;
  /** Violations seen on receipt. */
  readonly #streamed: HistoryFindings;
  /** Whether records name senders; undefined until the first that could. */
  #namesSenders: boolean | undefined;
  #sent = 0;
  #refused = 0;
  #received = 0;
  #longestDeliveryGapMs = 0;

  constructor({ maxViolationsPerKind = 200, allSendsRecorded = false }: HistoryCheckerOptions = {}) {
    this.#maxPerKind = maxViolationsPerKind;
    this.#allSendsRecorded = allSendsRecorded;
    this.#streamed = new HistoryFindings(maxViolationsPerKind, []);
  }

  /**
   * A client tries to send; call it for each attempt, before its answer. The first one counts for the order: if it is
   * not recorded, sound histories may look `not-linearizable`.
   *
   * @throws {TypeError} when a retry has another content than the attempt before it: that is another message.
   */
  sent({ roomId, senderId, clientMsgId, content, act, atMs }: SentRecord): void {
    this.#sent++;
    const message = this.#room(roomId).history.message(this.#sender(senderId), clientMsgId);
    message.attempts++;
    message.sentAtMs = Math.min(message.sentAtMs, atMs);
    if (act) message.act = act;
    if (content === undefined) return;
    const contentHash = hashContent(content);
    message.contentHash ??= contentHash;
    if (message.contentHash !== contentHash) throw new TypeError(`${clientMsgId} was sent with two contents`);
  }

  /** A client got an ack. */
  acked({ roomId, senderId, clientMsgId, seq, epoch, atMs }: AckedRecord): void {
    const { history } = this.#room(roomId);
    const sender = this.#sender(senderId);
    const message = history.message(sender, clientMsgId);
    message.ackedAtMs = Math.min(message.ackedAtMs, atMs);
    const seen = { senderId: sender, clientMsgId, id: undefined, contentHash: undefined };
    history.observe(seq, epoch, seen, atMs);
    const slot = history.slots.get(seq);
    if (slot) {
      slot.acked = true;
      if (message.act && !slot.act) history.actAt(seq, message.act);
      // A receipt may come by way of the archive, which does not know the epoch it was appended in.
      slot.epoch = epoch;
    }
  }

  /** A client got a refusal. With one for every attempt, nobody may ever see the message. */
  refused({ roomId, senderId, clientMsgId }: RefusedRecord): void {
    this.#refused++;
    this.#room(roomId).history.message(this.#sender(senderId), clientMsgId).refusals++;
  }

  /**
   * A client begins to follow a room. A reconnect with resume is not a new beginning: while the
   * client stays, this only notes the epoch, and everything since the first join is still due.
   */
  joined({ clientId, roomId, seq, epoch }: JoinedRecord): void {
    const room = this.#room(roomId);
    if (!room.history.anchors.has(seq)) room.history.anchors.set(seq, epoch);
    const window = room.windows.get(clientId);
    if (window && window.finalSeq === undefined) return;
    if (window) room.pastWindows.push(window);
    room.windows.set(clientId, new ClientWindow(clientId, seq));
  }

  /**
   * A client showed a message. Without a join before, it joins just below this one; after it has
   * left, what still comes is checked for order and repetition, and no longer due.
   */
  received(record: ReceivedRecord): void {
    this.#received++;
    const { clientId, roomId, seq, epoch, atMs } = record;
    const room = this.#room(roomId);
    let window = room.windows.get(clientId);
    if (!window) room.windows.set(clientId, (window = new ClientWindow(clientId, seq - 1)));
    if (window.lastAtMs !== undefined) {
      this.#longestDeliveryGapMs = Math.max(this.#longestDeliveryGapMs, atMs - window.lastAtMs);
    }
    window.lastAtMs = atMs;
    window.hears(epoch);
    const isExpectedMessage = this.#observe(record);
    const { lastSeq } = window;
    room.moderation.given(record, window);
    // Another message under an old number is no repetition: the audit names it.
    if (!isExpectedMessage && seq <= lastSeq) return;
    const order = window.receive(seq);
    if (order === 'late') {
      this.#streamed.add({ kind: 'reordered', roomId, clientId, seq, detail: `shown after ${lastSeq}` });
    } else if (order === 'repeated') {
      const detail = seq > window.joinSeq ? 'shown again' : `shown though it joined at ${window.joinSeq}`;
      this.#streamed.add({ kind: 'duplicate', roomId, clientId, seq, detail });
    }
  }

  /** Somebody read a message from history, beside what he is shown: it must be the same, and as acts have it. */
  read(record: ReadRecord): void {
    this.#observe(record);
    this.#room(record.roomId).moderation.given(record);
  }

  /** How a room stands for somebody, when all is quiet. Once for each of them. */
  stands({ roomId, ...record }: StandsRecord): void {
    this.#room(roomId).moderation.states.push(record);
  }

  /** A client stops following. Ignored if it never joined. */
  left({ clientId, roomId, seq }: LeftRecord): void {
    const window = this.#room(roomId).windows.get(clientId);
    if (window && window.finalSeq === undefined) window.finalSeq = seq ?? window.lastSeq;
  }

  /** A server came back with less of a room than it had had. */
  steppedBack(record: SteppedBackRecord): void {
    this.#room(record.roomId).history.stepsBack.push(record);
  }

  /** A client was told that a line has ended; a message of another line tells it, too. */
  epochEnded({ clientId, roomId, epoch }: EpochEndedRecord): void {
    this.#room(roomId).windows.get(clientId)?.endedEpochs.add(epoch);
  }

  /** Declares that a fault was meant to destroy these messages. Counted in {@link stats}. */
  excuse(range: ExcusedRange): void {
    this.#excuses.push(range);
  }

  /**
   * Judges the history so far. A client that has not left should have everything by now, so call it
   * once deliveries are over. Repeatable.
   *
   * @returns Empty for a sound history. Long ones are cut per kind; {@link stats} counts all.
   */
  check(): Violation[] {
    return this.#findings().violations;
  }

  /** Totals, with the violations {@link check} would find now. */
  stats(): HistoryStats {
    const findings = this.#findings();
    const messages = [...this.#rooms.values()].flatMap(({ history }) => [...history.outgoing.values()]);
    const acked = messages.filter(({ ackedAtMs }) => ackedAtMs < Infinity);
    const latenciesMs = acked.filter(({ attempts }) => attempts > 0).map((m) => m.ackedAtMs - m.sentAtMs);
    return {
      sent: this.#sent,
      messages: messages.filter(({ attempts }) => attempts > 0).length,
      acked: acked.length,
      refused: this.#refused,
      acts: [...this.#rooms.values()].reduce((sum, { history }) => sum + history.actSeqs.size, 0),
      unanswered: messages.filter((m) => m.attempts > 0 && m.ackedAtMs === Infinity && !isRefused(m)).length,
      received: this.#received,
      excused: findings.excused,
      violations: findings.counts,
      longestDeliveryGapMs: this.#longestDeliveryGapMs,
      ackLatencyMs: latencyOf(latenciesMs),
    };
  }

  #findings(): HistoryFindings {
    const destroyed = [...this.#rooms.values()].flatMap(({ roomId, history }) =>
      destroyedRanges(history).map((range) => ({ roomId, ...range })),
    );
    const findings = new HistoryFindings(this.#maxPerKind, [...this.#excuses, ...destroyed]);
    findings.addAll(this.#streamed);
    for (const room of this.#rooms.values()) {
      auditRoom(room, findings, this.#allSendsRecorded);
      auditStepsBack(room, findings);
      room.moderation.audit(findings);
    }
    return findings;
  }

  /** @returns Whether it is the message first seen under this number. */
  #observe({ roomId, seq, epoch, senderId, clientMsgId, id, content, act, atMs }: ReceivedRecord): boolean {
    const { history } = this.#room(roomId);
    const seen: MessageIdentity = {
      senderId: clientMsgId === undefined ? undefined : this.#sender(senderId),
      clientMsgId,
      id,
      contentHash: content === undefined ? undefined : hashContent(content),
    };
    const isExpected = history.observe(seq, epoch, seen, atMs);
    const effects = act ?? (history.slots.get(seq)?.act ? undefined : history.sentAs(seen)?.act);
    if (isExpected && effects) history.actAt(seq, effects);
    return isExpected;
  }

  #room(roomId: number): RoomRecords {
    let room = this.#rooms.get(roomId);
    if (!room) {
      const history = new RoomHistory();
      const moderation = new RoomModeration(roomId, history);
      room = { roomId, history, windows: new Map(), pastWindows: [], moderation };
      this.#rooms.set(roomId, room);
    }
    return room;
  }

  /** Half-named senders would silently never match, and hide violations. */
  #sender(senderId: string | number | undefined): string | undefined {
    const isNamed = senderId !== undefined;
    this.#namesSenders ??= isNamed;
    if (this.#namesSenders !== isNamed)
      throw new TypeError('senderId must be given in every record or in none');
    return isNamed ? String(senderId) : undefined;
  }
}
