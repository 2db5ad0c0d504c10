import type { Violation } from '@parley/testing';
import type { ChaosReport, FaultRow } from './run-chaos.js';

/** The run as Markdown: one row a kind of fault, then what grew. */
export function reportTable({ seed, rows, violations, stats, resources }: ChaosReport): string {
  const names = [...new Set(rows.map(({ fault }) => fault))];
  const lines = names.map((name) => faultLine(name, rows, violations));
  return [
    '| fault | times | acked | delivered | lost | duplicated | reordered | other | given up | recovery, ms (worst) | longest gap, ms |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
    '',
    `violations in all: ${violations.length}`,
    JSON.stringify(stats),
    '',
    ...resourceTable(resources),
    '',
    ...violations.slice(0, 20).map((violation) => JSON.stringify(violation)),
    `replay: npm run chaos -- --seed ${seed}`,
  ].join('\n');
}

function faultLine(name: string, rows: readonly FaultRow[], violations: readonly Violation[]): string {
  const own = rows.filter(({ fault }) => fault === name);
  const broken = violations.filter((violation) => culprit(rows, violation)?.fault === name);
  const sum = (key: 'acked' | 'received' | 'gaveUp') => own.reduce((total, row) => total + row[key], 0);
  const most = (key: 'recoveryMs' | 'longestGapMs') => Math.max(...own.map((row) => row[key]));
  const count = (...kinds: string[]) => broken.filter(({ kind }) => kinds.includes(kind)).length;
  const cells = [
    name,
    own.length,
    sum('acked'),
    sum('received'),
    count('lost', 'gap'),
    count('duplicate', 'double-append'),
    count('reordered'),
    count('phantom', 'identity'),
    sum('gaveUp'),
    most('recoveryMs'),
    most('longestGapMs'),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The fault during which a message was sent: the first one that ended at or after it; the last one for what came later. */
function culprit(rows: readonly FaultRow[], { roomId, seq }: Violation): FaultRow | undefined {
  return rows.find(({ lastSeq }) => (lastSeq.get(roomId) ?? 0) >= seq) ?? rows.at(-1);
}

/** What grew, and what did not. */
function resourceTable({ before, after }: ChaosReport['resources']): string[] {
  const apps = Object.keys(after.rssMib).map(
    (app) => `| RSS of ${app}, MiB | ${before.rssMib[app] ?? 0} | ${after.rssMib[app]} |`,
  );
  const size = (entry: { keys: number; elements: number } | undefined) =>
    entry ? `${entry.keys} (${entry.elements})` : '0';
  const families = [...new Set([...Object.keys(before.keys), ...Object.keys(after.keys)])].sort();
  const keys = families.map(
    (family) => `| ${family} | ${size(before.keys[family])} | ${size(after.keys[family])} |`,
  );
  return ['| memory; Redis keys (elements) | before | after |', '| --- | --- | --- |', ...apps, ...keys];
}
