import type { Entry, HistoryPage, JoinedFrame, ResyncFrame } from '@parley/protocol';
import type { Backoff } from './backoff.js';
import type { GiveUpReason, RoomPosition } from './client-events.js';
import { ClientError } from './client-error.js';
import { EpochTrack } from './epoch-track.js';

/** Messages held per room while those before them are read; beyond, they are read again from history. */
const MAX_HELD = 1_000;
/** How often an empty page that contradicts what is held is asked for again before it is believed. */
const EMPTY_RETRIES = 3;

/** What a line needs and whom it tells. */
export interface RoomLinePorts {
  /** One attempt to read the messages after a seq. Rejects with {@link ClientError}. */
  page(after: number): Promise<HistoryPage>;
  show(message: Entry): void;
  epochChanged(epoch: string, previous: string): void;
  /** `to` is undefined when not even that is known. */
  gaveUp(from: number, to: number | undefined, reason: GiveUpReason): void;
  /** A page was refused for good. @returns Whether a join decides what that means: until it does nothing is skipped. */
  refused(error: ClientError): boolean;
  readonly backoff: Backoff;
  readonly now: () => number;
  /** Without progress for this long, a missing range is given up, milliseconds. */
  readonly deadlineMs: number;
}

/** A run of the catch-up loop. */
interface Run {
  cancelled: boolean;
  timer?: ReturnType<typeof setTimeout>;
}

/**
 * Puts one room's messages in order: each seq is shown once, ascending, whatever order and however often they
 * come. A gap is read from history; what follows it is held meanwhile.
 *
 * Relies on seqs never going back, also not over an epoch change. Within an epoch they are consecutive; between
 * two epochs there may be a hole, and there only history says what comes next.
 */
export class RoomLine {
  readonly #ports: RoomLinePorts;
  /** The last message shown, with its own epoch; an empty epoch is not known yet. */
  #shown: RoomPosition | undefined;
  #beginAtLatest: RoomPosition | undefined;
  readonly #epochs: EpochTrack;
  readonly #held = new Map<number, Entry>();
  /** The largest seq known to exist. */
  #target = 0;
  #probing = false;
  #stopped = false;
  #run: Run | undefined;

  /** @param position - Where to go on. Without it the first `joined` says. */
  constructor(ports: RoomLinePorts, position?: { readonly seq: number; readonly epoch?: string }) {
    this.#ports = ports;
    this.#epochs = new EpochTrack(position?.epoch ?? '');
    if (position) this.#shown = { seq: position.seq, epoch: this.#epochs.newest };
  }

  get position(): RoomPosition | undefined {
    return this.#shown;
  }

  /** Says where a line without a position begins. */
  begin(position: RoomPosition): void {
    if (this.#shown) return;
    this.#shown = position;
    this.#epochs.begin(position.epoch);
  }

  /** Where to begin if the connection is lost before a message says it. */
  beginAtLatest(position: RoomPosition): void {
    this.#beginAtLatest ??= position;
  }

  receive(message: Entry): void {
    const shown = this.#shown;
    if (this.#stopped || (shown && message.seq <= shown.seq)) return;
    if (shown && message.seq === shown.seq + 1) {
      this.#show(message);
      if (this.#held.size > 0) this.#showHeld();
      return;
    }
    if (this.#held.size < MAX_HELD) this.#held.set(message.seq, message);
    this.#reach(message.seq);
  }

  joined(frame: JoinedFrame): void {
    const shown = this.#shown;
    // There is nothing above the head to read, whatever position the server repeats.
    const seq = Math.min(frame.seq, frame.head);
    if (this.#stopped) return;
    if (!shown) {
      this.#shown = { seq, epoch: frame.epoch };
      this.#epochs.begin(frame.epoch);
    } else if ((this.#noteEpoch(frame.epoch, frame.head) || shown.epoch === '') && frame.head < shown.seq) {
      // Outside the contract: the server was emptied altogether and counts from the start. Showing
      // nothing until it has caught up with the old number would be worse than starting again.
      this.#held.clear();
      this.#target = 0;
      this.#epochs.restart(frame.head);
      this.#shown = { seq, epoch: frame.epoch };
    }
    this.#showHeld();
    this.#reach(seq);
  }

  /** The server skipped a range. What follows it is held, because it does not follow what was shown. */
  resync(frame: ResyncFrame): void {
    if (this.#stopped || !this.#shown) return;
    this.#noteEpoch(frame.epoch, frame.to);
    this.#reach(frame.to);
  }

  /** Asks history once whether there is more: for a conversation, which no join resumes. */
  probe(): void {
    if (this.#beginAtLatest) this.begin(this.#beginAtLatest);
    this.#probing = true;
    this.#reach(Math.max(0, ...this.#held.keys()));
  }

  /** The connection is gone. The next join resumes after what was shown, so nothing known to be missing is lost. */
  offline(): void {
    this.#cancel();
    this.#target = 0;
    this.#probing = false;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#held.clear();
  }

  #show(message: Entry): void {
    if (message.seq > this.#epochs.knownToSeq) this.#noteEpoch(message.epoch, message.seq);
    // Before the listeners run: they may ask for the position, leave or close.
    this.#shown = { seq: message.seq, epoch: message.epoch };
    this.#ports.show(message);
  }

  #showHeld(): void {
    while (!this.#stopped && this.#shown) {
      const next = this.#held.get(this.#shown.seq + 1);
      if (!next) break;
      this.#held.delete(next.seq);
      this.#show(next);
    }
  }

  /** @returns Whether the epoch changed. */
  #noteEpoch(epoch: string, atSeq: number): boolean {
    const previous = this.#epochs.note(epoch, atSeq);
    if (previous === undefined) return false;
    this.#ports.epochChanged(epoch, previous);
    return true;
  }

  #reach(seq: number): void {
    this.#target = Math.max(this.#target, seq);
    if (this.#run || !this.#missing()) return;
    this.#run = { cancelled: false };
    void this.#catchUp(this.#run);
  }

  #missing(): boolean {
    if (this.#stopped || !this.#shown) return false;
    return this.#probing || this.#shown.seq < this.#target;
  }

  async #catchUp(run: Run): Promise<void> {
    let failures = 0;
    let progressAtMs = this.#ports.now();
    while (!run.cancelled && this.#missing()) {
      const before = this.#shown?.seq ?? 0;
      let failure: ClientError | undefined;
      let overdue = false;
      const judge = () => (overdue = this.#ports.now() - progressAtMs >= this.#ports.deadlineMs);
      try {
        const page = await this.#ports.page(before);
        if (run.cancelled) return;
        this.#probing = false;
        judge();
        this.#apply(page, failures, overdue);
      } catch (error) {
        if (run.cancelled) return;
        judge();
        failure = error instanceof ClientError ? error : new ClientError('INTERNAL', true);
      }
      if ((this.#shown?.seq ?? 0) > before) {
        failures = 0;
        progressAtMs = this.#ports.now();
      } else if (failure && !failure.retryable) {
        if (this.#ports.refused(failure)) return this.#cancel();
        this.#giveUp(failure.code);
      } else if (overdue) {
        this.#giveUp(failure && failure.code !== 'NO_ANSWER' ? failure.code : 'PAGING_DEADLINE');
        progressAtMs = this.#ports.now();
      } else if (this.#missing()) {
        const delayMs = this.#ports.backoff(failures++, failure?.retryAfterMs);
        await new Promise<void>((resolve) => (run.timer = setTimeout(resolve, delayMs)));
      }
    }
    // No await since the check above: nothing can have come between.
    if (this.#run === run) this.#run = undefined;
  }

  /** @param overdue - Believe a hole inside an epoch. Until then it is taken for a store that lags. */
  #apply(page: HistoryPage, attempt: number, overdue: boolean): void {
    this.#noteEpoch(page.epoch, page.head);
    for (const message of page.messages) {
      if (this.#stopped || !this.#shown) return;
      const { seq, epoch } = this.#shown;
      if (message.seq <= seq) continue;
      // An epoch that is not known decides nothing: the hole may be one between epochs.
      if (message.seq > seq + 1 && message.epoch === epoch) {
        if (!overdue) break;
        this.#ports.gaveUp(seq + 1, message.seq - 1, 'NOT_IN_HISTORY');
      }
      this.#show(message);
    }
    const last = page.messages.at(-1);
    if (page.more && last) this.#target = Math.max(this.#target, last.seq + 1);
    if (!last && !page.more) this.#crossEmptyBoundary(page, attempt);
    this.#showHeld();
    const shownSeq = this.#shown?.seq ?? 0;
    for (const seq of this.#held.keys()) if (seq <= shownSeq) this.#held.delete(seq);
  }

  /** A new epoch that starts above the old one's last seq, with nothing between: go on where it starts. */
  #crossEmptyBoundary(page: HistoryPage, attempt: number): void {
    const shown = this.#shown;
    if (!shown || page.epoch === shown.epoch || page.head < this.#target) return;
    // What is held must be in history, too: it lags. And without an own epoch this may be no boundary at all.
    if ((this.#held.size > 0 || shown.epoch === '') && attempt < EMPTY_RETRIES) return;
    const seq = Math.max(shown.seq, this.#gapEnd());
    // Short of the head, what was missed may have been the old epoch's: then the hole up to the new one is still ahead.
    this.#shown = { seq, epoch: seq < page.head ? '' : page.epoch };
  }

  #giveUp(reason: GiveUpReason): void {
    const wasProbing = this.#probing;
    this.#probing = false;
    const shown = this.#shown;
    if (!shown) return;
    const to = this.#gapEnd();
    if (to <= shown.seq) {
      // Only the probe failed: what it would have found is not known.
      if (wasProbing) this.#ports.gaveUp(shown.seq + 1, undefined, reason);
      return;
    }
    this.#shown = { seq: to, epoch: this.#epochs.newest };
    this.#ports.gaveUp(shown.seq + 1, to, reason);
    this.#showHeld();
  }

  /** The last seq that is missing before the next one held. */
  #gapEnd(): number {
    let end = this.#target;
    const shownSeq = this.#shown?.seq ?? 0;
    for (const seq of this.#held.keys()) if (seq > shownSeq) end = Math.min(end, seq - 1);
    return end;
  }

  #cancel(): void {
    if (!this.#run) return;
    this.#run.cancelled = true;
    // The promise it would have resolved is dropped with the run.
    clearTimeout(this.#run.timer);
    this.#run = undefined;
  }
}
