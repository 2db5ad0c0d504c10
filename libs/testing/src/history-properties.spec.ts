import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HistoryChecker, type ViolationKind } from './index.js';

/** Histories of servers that step back, and what is wrong with those, are in `history-steps-back.spec.ts`. */
type Kind = Exclude<ViolationKind, 'stale' | 'untold' | 'forbidden' | 'unhidden' | 'withheld' | 'diverged'>;

describe('HistoryChecker on random histories', () => {
  it('finds nothing in any sound history', () => {
    fc.assert(
      fc.property(soundHistory, (history) => {
        expect(replay(history).check()).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it.each<Kind>([
    'lost',
    'duplicate',
    'reordered',
    'gap',
    'phantom',
    'double-append',
    'identity',
    'not-linearizable',
  ])('names %s when any sound history is broken that way, and nothing else', (kind) => {
    let broken = 0;
    fc.assert(
      fc.property(soundHistory, fc.nat(), (history, pick) => {
        const damaged = damage(history, kind, pick);
        fc.pre(damaged !== undefined);
        broken++;
        expect([
          ...new Set(
            replay(damaged as Step[])
              .check()
              .map((violation) => violation.kind),
          ),
        ]).toEqual([kind]);
      }),
      { numRuns: 60 },
    );
    expect(broken).toBeGreaterThanOrEqual(60);
  });
});

type Step =
  | { do: 'sent' | 'refused'; roomId: number; msg: string }
  | { do: 'acked'; roomId: number; msg: string; seq: number; epoch: number }
  | { do: 'joined'; clientId: string; roomId: number; seq: number; epoch: number }
  | {
      do: 'received';
      clientId: string;
      roomId: number;
      msg: string;
      seq: number;
      epoch: number;
      text?: string;
    };
type Receipt = Extract<Step, { do: 'received' }>;

/**
 * Two rooms, three members each (one joins late), retries, lost acks, refusals, new epochs, first attempts and acks on
 * their way together with those of other messages; in sound order.
 */
const soundHistory = fc
  .array(
    fc.record({
      roomId: fc.integer({ min: 1, max: 2 }),
      attempts: fc.integer({ min: 1, max: 3 }),
      outcome: fc.constantFrom('acked', 'acked', 'unanswered', 'refused'),
      newEpoch: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
      /** By how many messages the first attempt comes before the append, and the acks after it. */
      sentEarlier: fc.integer({ min: 0, max: 3 }),
      ackedLater: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 12, maxLength: 40 },
  )
  .map((sends) => {
    /** What happens until the next message is appended. */
    const turns: Step[][] = sends.map(() => []);
    const heads = new Map([1, 2].map((roomId) => [roomId, { seq: 0, epoch: 1, appended: 0 }]));
    sends.forEach(({ roomId, attempts, outcome, newEpoch, sentEarlier, ackedLater }, i) => {
      const msg = `m${i}`;
      const head = heads.get(roomId) as { seq: number; epoch: number; appended: number };
      const steps = turns[i] as Step[];
      turns[Math.max(0, i - sentEarlier)]?.push({ do: 'sent', roomId, msg });
      for (let attempt = 1; attempt < attempts; attempt++) steps.push({ do: 'sent', roomId, msg });
      if (outcome === 'refused') {
        for (let attempt = 0; attempt < attempts; attempt++) steps.push({ do: 'refused', roomId, msg });
        return;
      }
      head.seq += newEpoch ? 1_000 : 1;
      head.epoch += newEpoch ? 1 : 0;
      const place = { roomId, msg, seq: head.seq, epoch: head.epoch };
      if (++head.appended === 4)
        steps.push({ do: 'joined', clientId: `c${roomId}`, roomId, seq: head.seq - 1, epoch: head.epoch });
      for (const name of head.appended >= 4 ? ['a', 'b', 'c'] : ['a', 'b']) {
        steps.push({ do: 'received', clientId: `${name}${roomId}`, ...place });
      }
      if (outcome !== 'acked') return;
      for (let attempt = 0; attempt < attempts; attempt++)
        turns[Math.min(sends.length - 1, i + ackedLater)]?.push({ do: 'acked', ...place });
    });
    const joins = [...heads.keys()].flatMap((roomId) =>
      ['a', 'b'].map((name): Step => ({
        do: 'joined',
        clientId: `${name}${roomId}`,
        roomId,
        seq: 0,
        epoch: 1,
      })),
    );
    return [...joins, ...turns.flat()];
  });

/** Lets a history happen, a step a millisecond. Every send is in it, and the content of a message is its name. */
function replay(steps: readonly Step[]): HistoryChecker {
  const checker = new HistoryChecker({ allSendsRecorded: true });
  steps.forEach((step, atMs) => {
    if (step.do === 'joined') return checker.joined(step);
    const message = { clientId: 'sender', senderId: 7, clientMsgId: step.msg, atMs };
    if (step.do === 'received') checker.received({ ...message, ...step, content: step.text ?? step.msg });
    else if (step.do === 'acked') checker.acked({ ...message, ...step });
    else if (step.do === 'sent') checker.sent({ ...message, ...step, content: step.msg });
    else checker.refused({ ...message, ...step });
  });
  return checker;
}

/** Breaks a sound history in one way; undefined where it offers no chance for it. */
function damage(history: readonly Step[], kind: Kind, pick: number): Step[] | undefined {
  const steps = history.map((step) => ({ ...step }));
  const isAcked = (r?: Receipt): boolean => steps.some((s) => s.do === 'acked' && s.msg === r?.msg);
  const receipts = steps.filter((step): step is Receipt => step.do === 'received');
  /** The next receipt of the same client in the same epoch, directly after. */
  const after = (r: Receipt): Receipt | undefined =>
    receipts.find((s) => s.clientId === r.clientId && s.seq === r.seq + 1 && s.epoch === r.epoch);
  const before = (r: Receipt): Receipt | undefined =>
    receipts.find((s) => s.clientId === r.clientId && s.seq === r.seq - 1);
  const choose = (candidates: Receipt[]): Receipt | undefined =>
    candidates[pick % Math.max(1, candidates.length)];
  const without = (gone: Step): Step[] => steps.filter((step) => step !== gone);
  const chosen = choose(
    receipts.filter((r) => {
      if (kind === 'lost') return isAcked(r);
      if (kind === 'gap') return !isAcked(r) && after(r) !== undefined && before(r) !== undefined;
      if (kind === 'reordered') return after(r) !== undefined;
      if (kind === 'not-linearizable') return isAcked(after(r));
      return true;
    }),
  );
  if (!chosen) return undefined;
  const last = receipts.filter((r) => r.roomId === chosen.roomId).at(-1) as Receipt;
  const next = { roomId: chosen.roomId, seq: last.seq + 1, epoch: last.epoch };
  const everybody = [...new Set(receipts.filter((r) => r.roomId === chosen.roomId).map((r) => r.clientId))];
  const isSend = (step: Step): boolean => step.do === 'sent' && step.msg === chosen.msg;
  const showAll = (msg: string): Step[] =>
    everybody.map((clientId) => ({ do: 'received', clientId, msg, ...next }));
  switch (kind) {
    case 'lost':
    case 'gap':
      return without(chosen);
    case 'duplicate':
      return [...steps, chosen];
    case 'reordered': {
      const rest = without(chosen);
      rest.splice(rest.indexOf(after(chosen) as Receipt) + 1, 0, chosen);
      return rest;
    }
    case 'phantom':
      return [
        [
          ...steps,
          { do: 'sent' as const, roomId: next.roomId, msg: 'bad' },
          { do: 'refused' as const, roomId: next.roomId, msg: 'bad' },
          ...showAll('bad'),
        ],
        // Sent by nobody, or only after all had seen it.
        steps.filter((step) => !isSend(step)),
        [...steps.filter((step) => !isSend(step)), ...steps.filter(isSend)],
      ][pick % 3];
    case 'double-append':
      return [...steps, ...showAll(chosen.msg)];
    case 'identity':
      if (pick % 2 === 0)
        return steps.map((step) =>
          step.do === 'received' && step.msg === chosen.msg ? { ...step, text: '?' } : step,
        );
      return [
        { do: 'sent', roomId: chosen.roomId, msg: 'other' },
        ...steps.map((step) => (step === chosen ? { ...chosen, msg: 'other' } : step)),
      ];
    case 'not-linearizable': {
      // The next message is sent and acked before this one is first sent.
      const isNext = (step: Step): boolean =>
        (step.do === 'sent' || step.do === 'acked') && step.msg === after(chosen)?.msg;
      const rest = steps.filter((step) => !isNext(step));
      rest.splice(rest.findIndex(isSend), 0, ...steps.filter(isNext));
      return rest;
    }
  }
}
