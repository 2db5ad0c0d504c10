import type { Violation, ViolationKind } from '@parley/testing';
import type { Resources } from './resources.js';
import type { ChaosReport, FaultRow } from './run-chaos.js';

/** A column of the table of faults. */
type Column = readonly [
  title: string,
  cell: (rows: readonly FaultRow[], broken: readonly Violation[]) => number,
];

const sum =
  (key: 'acked' | 'acts' | 'forbidden' | 'received' | 'refused' | 'gaveUp' | 'failedPages') =>
  (rows: readonly FaultRow[]) =>
    rows.reduce((total, row) => total + row[key], 0);
const most =
  (key: 'lastedMs' | 'recoveryMs' | 'presenceMs' | 'longestGapMs') => (rows: readonly FaultRow[]) =>
    Math.max(...rows.map((row) => row[key]));
const messages = (kinds: readonly ViolationKind[]) => (_rows: unknown, broken: readonly Violation[]) =>
  broken.filter(({ kind }) => kinds.includes(kind)).reduce((total, { count }) => total + count, 0);

const lost: readonly ViolationKind[] = ['lost', 'gap', 'untold'];
const duplicated: readonly ViolationKind[] = ['duplicate', 'double-append'];
const reordered: readonly ViolationKind[] = ['reordered', 'not-linearizable'];
const invented: readonly ViolationKind[] = ['phantom', 'identity', 'stale'];

const unmoderated: readonly ViolationKind[] = ['forbidden', 'unhidden', 'withheld', 'diverged'];

const columns: readonly Column[] = [
  ['times', (rows) => rows.length],
  ['acked', sum('acked')],
  ['delivered', sum('received')],
  ['lost', messages(lost)],
  ['duplicated', messages(duplicated)],
  ['reordered', messages(reordered)],
  ['invented', messages(invented)],
  ['acts', sum('acts')],
  ['by rule', sum('forbidden')],
  ['unmoderated', messages(unmoderated)],
  ['refused', sum('refused')],
  ['given up', sum('gaveUp')],
  ['pages failed', sum('failedPages')],
  ['lasted', most('lastedMs')],
  ['recovered after', most('recoveryMs')],
  ['counts right after', most('presenceMs')],
  ['longest gap', most('longestGapMs')],
];

/** In one line what broke, and during which fault; nothing when all was well. */
export function verdict({ rows, violations, failure }: ChaosReport): string {
  const [first] = violations;
  return [
    ...(failure === undefined ? [] : [`the run broke off, ${failure}`]),
    ...(first === undefined
      ? []
      : [
          `violations: ${violations.length}, the first during ${culprit(rows, first)?.fault}: ${JSON.stringify(first)}`,
        ]),
  ].join('; ');
}

/** The run as Markdown: one row a kind of fault, then what grew. */
export function reportTable(report: ChaosReport): string {
  const { rows, violations, failure, stats, resources } = report;
  const names = [...new Set(rows.map(({ fault }) => fault))];
  return [
    ...table(
      ['fault', ...columns.map(([title]) => title)],
      names.map((name) => {
        const own = rows.filter(({ fault }) => fault === name);
        const broken = violations.filter((violation) => culprit(rows, violation)?.fault === name);
        return [name, ...columns.map(([, cell]) => String(cell(own, broken)))];
      }),
    ),
    '',
    'Times are milliseconds, the worst of each.',
    '',
    JSON.stringify(stats),
    '',
    ...resourceTable(resources),
    '',
    ...violations.slice(0, 20).map((violation) => JSON.stringify(violation)),
    `violations: ${violations.length}`,
    ...(failure === undefined ? [] : [`the run broke off, ${failure}`]),
  ].join('\n');
}

/** The fault during which a message was sent: the first one that ended at or after it; the last one for what came later. */
function culprit(rows: readonly FaultRow[], { roomId, seq }: Violation): FaultRow | undefined {
  return rows.find(({ lastSeq }) => (lastSeq.get(roomId) ?? 0) >= seq) ?? rows.at(-1);
}

/** What grew, and what did not: at the beginning, half-way and at the end. */
function resourceTable(samples: readonly Resources[]): string[] {
  const first = samples[0];
  const last = samples.at(-1);
  const middle = samples[Math.floor(samples.length / 2)];
  if (!first || !middle || !last) return [];
  const shown = samples.length > 2 ? [first, middle, last] : [first, last];
  const names = (of: (sample: Resources) => object) => [
    ...new Set(shown.flatMap((sample) => Object.keys(of(sample)))),
  ];
  const memory = names(({ rssMib }) => rssMib).map((name) => [
    `RSS of ${name}, MiB`,
    ...shown.map(({ rssMib }) => String(rssMib[name] ?? '')),
  ]);
  const keys = names(({ keys: families }) => families)
    .sort()
    .map((family) => [
      family,
      ...shown.map(({ keys: families }) => {
        const size = families[family];
        return size ? `${size.keys} (${size.elements})` : '0';
      }),
    ]);
  const times = shown.map(({ atMs }) => `after ${Math.round(atMs / 1_000)} s`);
  return table(['memory; Redis keys (elements)', ...times], [...memory, ...keys]);
}

function table(head: readonly string[], body: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...body.map(line)];
}
