import type { ClientWindow } from './client-window.js';
import type { HistoryFindings } from './history-findings.js';
import type { ReceivedRecord, Senders, StandsRecord } from './history-records.js';
import { covers, isAmong, lifts, numberedActs, type NumberedAct } from './numbered-acts.js';
import type { RoomHistory, Slot } from './room-history.js';
import { destroyedRanges, type DestroyedRange } from './destroyed-ranges.js';

/** Something given that an act known by then speaks against. What only the whole history tells may speak for it. */
interface Suspect {
  readonly clientId: string;
  readonly seq: number;
  readonly senderId: string | undefined;
  readonly atMs: number;
  readonly readFromMs: number | undefined;
  /** The act that it was given in spite of; undefined for what was given as deleted. */
  readonly hiddenBy: number | undefined;
}

/** What acts forbid and hide in one room, from their numbers on. */
export class RoomModeration {
  readonly states: Omit<StandsRecord, 'roomId'>[] = [];
  readonly #suspects: Suspect[] = [];

  constructor(
    private readonly roomId: number,
    private readonly history: RoomHistory,
  ) {}

  /**
   * Judges what somebody is given by the acts of which he must know, or of which the server must.
   *
   * @param window - Of the client as it was before; undefined for a read.
   */
  given(
    { clientId, seq, senderId, content, act, deleted, atMs, readFromMs }: ReceivedRecord,
    window?: ClientWindow,
  ): void {
    const hasText = content !== undefined && act === undefined;
    // The usual case: it comes in its turn, so that no act about it can have been shown.
    if (!deleted && (!hasText || (readFromMs === undefined && seq > (window?.lastSeq ?? Infinity)))) return;
    const sender = senderId === undefined ? undefined : String(senderId);
    const suspect = { clientId, seq, senderId: sender, atMs, readFromMs };
    const acts = numberedActs(this.history);
    if (deleted) {
      if (!mayBeHidden(suspect, acts)) this.#suspects.push({ ...suspect, hiddenBy: undefined });
      return;
    }
    const hide = acts.find((one) => {
      if (!hides(one, suspect)) return false;
      const wasShown = window !== undefined && one.seq <= window.lastSeq && one.seq > window.joinSeq;
      return (wasShown || one.ackedAtMs < (readFromMs ?? -Infinity)) && !liftedBy(acts, one, suspect);
    });
    if (hide) this.#suspects.push({ ...suspect, hiddenBy: hide.seq });
  }

  /** Finds what the acts speak against; repeatable. */
  audit(findings: HistoryFindings): void {
    const destroyed = destroyedRanges(this.history);
    this.#findForbidden(destroyed, findings);
    this.#findWronglyGiven(destroyed, findings);
    this.#findDiverged(findings);
  }

  /** Accepted with a number at which its sender was to be silent. */
  #findForbidden(destroyed: readonly DestroyedRange[], findings: HistoryFindings): void {
    const { roomId, history } = this;
    const inForce = new Map<string, { readonly silenced: Senders; readonly since: number }>();
    const unsure = this.#unsureRules();
    for (const seq of [...history.slots.keys()].sort((a, b) => a - b)) {
      const { act, first, others } = history.slots.get(seq) as Slot;
      while (unsure[0] && unsure[0].aboveSeq < seq) inForce.delete(unsure.shift()?.rule ?? '');
      const isDestroyed = destroyed.some(({ fromSeq, toSeq }) => fromSeq <= seq && seq <= toSeq);
      if (act) {
        for (const [rule, silenced] of Object.entries(act.rules ?? {}))
          if (silenced && !isDestroyed) inForce.set(rule, { silenced, since: seq });
          else inForce.delete(rule);
        continue;
      }
      if (others || isDestroyed || first.senderId === undefined) continue;
      for (const [rule, { silenced, since }] of inForce) {
        if (!isAmong(first.senderId, silenced)) continue;
        const detail = `${first.clientMsgId} of ${first.senderId} is forbidden by ${rule} since ${since}`;
        findings.add({ kind: 'forbidden', roomId, seq, detail });
        break;
      }
    }
  }

  /** Rules that may be either way above a number: an act about them was on its way when the server stepped back. */
  #unsureRules(): { rule: string; aboveSeq: number }[] {
    const { stepsBack, outgoing } = this.history;
    return stepsBack
      .flatMap(({ keptSeq, atMs }) =>
        [...outgoing.values()]
          .filter(({ act, sentAtMs, ackedAtMs }) => act && sentAtMs <= atMs && ackedAtMs >= atMs)
          .flatMap(({ act }) => Object.keys(act?.rules ?? {}))
          .map((rule) => ({ rule, aboveSeq: keptSeq })),
      )
      .sort((a, b) => a.aboveSeq - b.aboveSeq);
  }

  #findWronglyGiven(destroyed: readonly DestroyedRange[], findings: HistoryFindings): void {
    const { roomId } = this;
    const acts = numberedActs(this.history);
    // What a step back may have destroyed may not be in force any more.
    const sure = acts.filter(
      (act) => !destroyed.some(({ fromSeq, toSeq }) => fromSeq <= act.seq && act.seq <= toSeq),
    );
    for (const suspect of this.#suspects) {
      const { clientId, seq, hiddenBy } = suspect;
      if (hiddenBy === undefined) {
        if (mayBeHidden(suspect, acts, sure)) continue;
        const detail = `given as deleted, ${whyShown(suspect, acts)}`;
        findings.add({ kind: 'withheld', roomId, clientId, seq, detail });
        continue;
      }
      const hide = sure.find((act) => act.seq === hiddenBy);
      if (!hide || liftedBy(acts, hide, suspect)) continue;
      findings.add({
        kind: 'unhidden',
        roomId,
        clientId,
        seq,
        detail: `its text was given after ${hiddenBy} had hidden it`,
      });
    }
  }

  #findDiverged(findings: HistoryFindings): void {
    const { roomId, history } = this;
    const first = new Map<string | number, Omit<StandsRecord, 'roomId'>>();
    for (const one of this.states) {
      const other = first.get(one.audience);
      if (!other) first.set(one.audience, one);
      else if (other.state !== one.state) {
        const detail = `the room is ${one.state}, and ${other.state} for ${other.clientId}`;
        findings.add({ kind: 'diverged', roomId, clientId: one.clientId, seq: history.maxSeq, detail });
      }
    }
  }
}

/** Whether an act is one that hides this message. */
const hides = (act: NumberedAct, given: Omit<Suspect, 'hiddenBy'>): boolean =>
  act.effects.hides !== undefined && covers(act, act.effects.hides, given);

/**
 * Whether some act may be why a message was given without its text at that time.
 *
 * @param lifting - Those that can be relied on to have shown it again.
 */
const mayBeHidden = (
  given: Omit<Suspect, 'hiddenBy'>,
  acts: readonly NumberedAct[],
  lifting: readonly NumberedAct[] = acts,
): boolean =>
  acts.some(
    (hide) =>
      hide.sentAtMs <= given.atMs &&
      hides(hide, given) &&
      !lifting.some((show) => show.ackedAtMs < (given.readFromMs ?? -Infinity) && lifts(show, hide, given)),
  );

/** For people: which acts have hidden it, and which have shown it again, how long before it was asked for. */
function whyShown(given: Omit<Suspect, 'hiddenBy'>, acts: readonly NumberedAct[]): string {
  const hiding = acts.filter((act) => hides(act, given));
  if (hiding.length === 0) return 'by no act';
  const before = (act: NumberedAct) => `${Math.round((given.readFromMs ?? given.atMs) - act.ackedAtMs)} ms`;
  const shown = acts
    .filter((act) => hiding.some((hide) => lifts(act, hide, given)))
    .map((act) => `${act.seq} (acknowledged ${before(act)} before)`);
  return `that was shown again: hidden by ${hiding.map(({ seq }) => seq).join(', ')}, shown by ${shown.join(', ')}`;
}

/** Whether what an act has hidden may have been shown again by then. */
const liftedBy = (
  acts: readonly NumberedAct[],
  hide: NumberedAct,
  given: Omit<Suspect, 'hiddenBy'>,
): boolean => acts.some((show) => show.sentAtMs <= given.atMs && lifts(show, hide, given));
