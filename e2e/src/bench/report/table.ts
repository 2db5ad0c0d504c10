import type { Figures } from '../scenarios/scenario.js';

/** The median figures of one contestant in one scenario. */
export interface Row {
  readonly scenario: string;
  readonly contestant: string;
  readonly figures: Figures;
}

interface Column {
  readonly title: string;
  of(figures: Figures): string;
}

/** As many digits as say something. */
export function short(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const latency = (title: string, name: 'answer' | 'delivery' | 'deliveryBefore'): Column => ({
  title,
  of: (figures) => {
    const found = figures[name];
    return found && found.count > 0 ? `${short(found.p50)} / ${short(found.p99)} / ${short(found.p999)}` : '';
  },
});
const number = (title: string, name: keyof Figures, per = 1): Column => ({
  title,
  of: (figures) => short(figures[name] === undefined ? undefined : (figures[name] as number) / per),
});

const columns: readonly Column[] = [
  number('accepted/s', 'acceptedPerSecond'),
  number('deliveries/s', 'deliveriesPerSecond'),
  number('µs/delivery', 'cpuPerDelivery'),
  number('µs/message', 'cpuPerMessage'),
  latency('delivery p50 / p99 / p99.9, ms', 'delivery'),
  latency('delivery before, ms', 'deliveryBefore'),
  latency('answer p50 / p99 / p99.9, ms', 'answer'),
  number('backlog after, ms', 'settledAfterMs'),
  number('s', 'seconds'),
  number('gateway ms/join', 'gatewayCpuPerJoinMs'),
  number('all ms/join', 'cpuPerJoinMs'),
  number('RSS/member, KB', 'rssPerMember', 1_000),
  number('heap/member, KB', 'heapPerMember', 1_000),
  number('drained/s', 'drainedPerSecond'),
  {
    title: 'lost, duplicated, disordered',
    of: ({ lost, duplicated, disordered }) =>
      [lost, duplicated, disordered].map((count) => (count === undefined ? '–' : count)).join(', '),
  },
  {
    title: 'refused',
    of: ({ refused = {} }) =>
      Object.entries(refused)
        .map(([why, count]) => `${count} ${why}`)
        .join(', '),
  },
];

/** Markdown; only the columns in which somebody has something. */
export function markdownTable(rows: readonly Row[]): string {
  const used = columns.filter((column) => rows.some(({ figures }) => column.of(figures) !== ''));
  const lines = [
    ['scenario', 'who', ...used.map(({ title }) => title)],
    ['---', '---', ...used.map(() => '---:')],
    ...rows.map(({ scenario, contestant, figures }) => [
      scenario,
      contestant,
      ...used.map((column) => column.of(figures)),
    ]),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
