import type { ChaosReport } from './run-chaos.js';

/** The run as a Markdown table: one row a kind of fault. */
export function reportTable({ seed, rows, violations, stats, resources }: ChaosReport): string {
  const names = [...new Set(rows.map(({ fault }) => fault))];
  const lines = names.map((name) => {
    const own = rows.filter(({ fault }) => fault === name);
    const sum = (key: 'acked' | 'received' | 'refused' | 'gaveUp') =>
      own.reduce((total, row) => total + row[key], 0);
    const most = (key: 'recoveryMs' | 'longestGapMs') => Math.max(...own.map((row) => row[key]));
    return `| ${name} | ${own.length} | ${sum('acked')} | ${sum('received')} | ${sum('refused')} | ${sum('gaveUp')} | ${most('recoveryMs')} | ${most('longestGapMs')} |`;
  });
  const count = (kind: string) => violations.filter((violation) => violation.kind === kind).length;
  return [
    '| fault | times | acked | delivered | refused | given up | recovery, ms (worst) | longest gap, ms |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
    '',
    `lost ${count('lost') + count('gap')}, duplicated ${count('duplicate') + count('double-append')}, reordered ${count('reordered')}, other ${count('phantom') + count('identity')}`,
    JSON.stringify(stats),
    '',
    ...resourceTable(resources),
    '',
    ...violations.slice(0, 20).map((violation) => JSON.stringify(violation)),
    `replay: npm run chaos -- --seed ${seed}`,
  ].join('\n');
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
