import type { Figures } from '../scenarios/scenario.js';
import { short, type Row } from './table.js';

/** What is compared with the baselines of the same run; of all but the first less is better. */
const compared: readonly { readonly title: string; of(figures: Figures): number | undefined }[] = [
  { title: 'deliveries/s', of: ({ deliveriesPerSecond }) => deliveriesPerSecond },
  { title: 'accepted/s', of: ({ acceptedPerSecond }) => acceptedPerSecond },
  { title: 'µs/delivery', of: ({ cpuPerDelivery }) => cpuPerDelivery },
  { title: 'delivery p50', of: ({ delivery }) => delivery?.p50 },
  { title: 'delivery p99', of: ({ delivery }) => delivery?.p99 },
];

/** Parley's figures as multiples of each baseline's, Markdown; empty when there is no baseline. */
export function ratioTable(rows: readonly Row[]): string {
  const lines: string[] = [];
  for (const { scenario, figures } of rows.filter(({ contestant }) => contestant === 'Parley')) {
    for (const baseline of rows) {
      if (baseline.scenario !== scenario || baseline.contestant === 'Parley') continue;
      const cells = compared.map(({ of }) => {
        const [ours, theirs] = [of(figures), of(baseline.figures)];
        return ours === undefined || !theirs ? '' : short(ours / theirs);
      });
      lines.push(`| ${scenario} | ${baseline.contestant} | ${cells.join(' | ')} |`);
    }
  }
  if (lines.length === 0) return '';
  const titles = compared.map(({ title }) => title);
  return [
    `| scenario | Parley as a multiple of | ${titles.join(' | ')} |`,
    `| --- | --- | ${titles.map(() => '---:').join(' | ')} |`,
    ...lines,
  ].join('\n');
}
