import type { Latencies } from '../load/latencies.js';
import type { Figures } from '../scenarios/scenario.js';

/** The middle one; of an even number the lower middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? NaN;
}

const sums = ['lost', 'duplicated', 'disordered', 'resyncs'] as const;
const latencyNames = ['answer', 'delivery', 'deliveryBefore'] as const;

/** Each figure's median over the runs; of what must not happen the sum. */
export function mediansOf(runs: readonly Figures[]): Figures {
  const names = new Set(runs.flatMap((run) => Object.keys(run)));
  const figures: Record<string, unknown> = {};
  for (const name of names) {
    const values = runs.map((run) => (run as Record<string, unknown>)[name]);
    const numbers = values.filter((value) => typeof value === 'number');
    if (numbers.length > 0)
      figures[name] = (sums as readonly string[]).includes(name)
        ? numbers.reduce((sum, value) => sum + value, 0)
        : median(numbers);
  }
  for (const name of latencyNames) {
    const all = runs.flatMap((run) => run[name] ?? []);
    if (all.length === 0) continue;
    const of = (which: keyof Latencies) => median(all.map((one) => one[which]));
    figures[name] = { p50: of('p50'), p99: of('p99'), p999: of('p999'), max: of('max'), count: of('count') };
  }
  const refused: Record<string, number> = {};
  for (const run of runs)
    for (const [why, count] of Object.entries(run.refused ?? {})) refused[why] = (refused[why] ?? 0) + count;
  if (Object.keys(refused).length > 0) figures['refused'] = refused;
  return figures as Figures;
}
