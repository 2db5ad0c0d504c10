import type { ChaosReport } from './run-chaos.js';

/** The run as a Markdown table: one row a kind of fault. */
export function reportTable({ seed, rows, violations, stats }: ChaosReport): string {
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
    ...violations.slice(0, 20).map((violation) => JSON.stringify(violation)),
    `replay: npm run chaos -- --seed ${seed}`,
  ].join('\n');
}
