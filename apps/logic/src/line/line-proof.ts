import { LineKnowledge, type LinePosition, type LineStore, type ShardSurvey } from '@parley/redis';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LineLife } from './line-lives.repository.js';
import { judge, type Verdict } from './line-verdict.js';

/**
 * A life that has not reported by then is not waited for any longer, milliseconds. Those that live are back within their
 * longest pause between two attempts to reach Redis, one second.
 */
export const WITNESS_WAIT_MS = 3_000;
/** Between two looks at the reports, milliseconds. */
const LOOK_EVERY_MS = 50;

/** What a proof needs to know and to tell. */
export interface ProofContext {
  readonly store: LineStore;
  readonly life: string;
  readonly knowledge: LineKnowledge;
  /** Asks the other lives to report. */
  readonly call: () => void;
  /** The lives in SQL; undefined when SQL does not say in time. */
  readonly livesInSql: () => Promise<readonly LineLife[] | undefined>;
  readonly onVerdict: (verdict: Verdict) => void;
}

/**
 * Proves every shard on the server that answers now. All lives do so together: each says how far it has seen each shard
 * come, and when everybody who may have seen more has spoken, a shard that is behind any of them begins a new generation.
 *
 * @throws when Redis does not answer: then there is nothing to prove yet.
 * @see docs/adr/0012-a-redis-that-steps-back.md
 */
export async function proveLines(context: ProofContext): Promise<void> {
  const { store, life, knowledge } = context;
  const startedAt = performance.now();
  let rows: readonly LineLife[] | undefined;
  let serverId = '';
  for (;;) {
    const unproven = (await store.survey()).filter((shard) => shard.provenOn !== shard.serverId);
    const [first] = unproven;
    if (!first) return;
    if (first.serverId !== serverId) {
      serverId = first.serverId;
      await store.report(serverId, life, knowledge.toText());
      context.call();
      rows = await context.livesInSql();
    }
    const late = performance.now() - startedAt > WITNESS_WAIT_MS;
    const evidence = await gather(context, serverId, rows);
    const complete = evidence.missing.length === 0;
    // All at once: on a busy machine two answers of Redis for each of them, one after the other, kept every send waiting.
    await Promise.all(
      unproven
        .filter((shard) => shard.serverId === serverId)
        .map((shard) => {
          const witnesses = evidence.witnesses.map((witness) => witness.at(shard.shard));
          return decide(context, shard, witnesses, complete, late);
        }),
    );
    if (!complete && !late) {
      await sleep(LOOK_EVERY_MS);
      // Somebody may have left, and said so there.
      if (rows) rows = await context.livesInSql();
    }
  }
}

/** What everybody knows who has spoken, here or in SQL, and who has not. */
async function gather(
  { store, life, knowledge }: ProofContext,
  serverId: string,
  rows: readonly LineLife[] = [],
): Promise<{ witnesses: LineKnowledge[]; missing: string[] }> {
  const reports = new Map<string, LineKnowledge>([[life, knowledge]]);
  for (const [other, text] of Object.entries(await store.reports(serverId))) {
    const known = other === life ? undefined : LineKnowledge.parse(text);
    if (known) reports.set(other, known);
  }
  const expected = new Set([...reports.values()].flatMap(({ lives }) => [...lives]));
  for (const row of rows) if (!row.closed) expected.add(row.life);
  // Who left in order has said everything.
  for (const row of rows) if (row.closed && row.known) expected.delete(row.life);
  const witnesses = [...reports.values(), ...rows.flatMap(({ known }) => known ?? [])];
  return { witnesses, missing: [...expected].filter((other) => !reports.has(other)) };
}

async function decide(
  { store, onVerdict }: ProofContext,
  shard: ShardSurvey,
  witnesses: readonly LinePosition[],
  complete: boolean,
  late: boolean,
): Promise<void> {
  const token = randomBytes(6).toString('base64url');
  // Whoever is behind one witness is behind, whatever the others will say.
  let verdict = judge(shard, witnesses, true, token);
  if (verdict.because === 'unbroken' && !complete) {
    if (!late) return;
    const keeps = !shard.promoted && (await store.losesNothing());
    verdict = judge(shard, witnesses, keeps, token);
  }
  if (await store.prove(shard, verdict.generation)) onVerdict(verdict);
}
