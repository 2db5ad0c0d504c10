import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { latencyPicture } from './picture.js';
import { ratioTable } from './ratios.js';
import { markdownTable, type Row } from './table.js';

const FROM = '<!-- npm run bench -- --write: from here -->';
const TO = '<!-- npm run bench -- --write: to here -->';

/** How the figures came about. */
export interface RunFacts {
  readonly runs: number;
  readonly seconds: number;
  /** Processes of each of Parley's apps. */
  readonly replicas: number;
}

/** Puts the figures between the marks of docs/benchmarks.md, and the picture beside it. */
export function writeDocs(
  root: string,
  {
    machine,
    rows,
    options,
  }: { readonly machine: string; readonly rows: readonly Row[]; readonly options: RunFacts },
): void {
  const file = join(root, 'docs/benchmarks.md');
  const page = readFileSync(file, 'utf8');
  const [start, end] = [page.indexOf(FROM), page.indexOf(TO)];
  if (start < 0 || end < start) throw new Error(`${file} has lost its marks`);
  const picture = latencyPicture(rows);
  if (picture !== undefined) writeFileSync(join(root, 'docs/images/latency-over-rate.svg'), picture);
  const { runs, seconds, replicas } = options;
  const text = [
    `${machine}. Medians of ${runs} runs of ${seconds} s, ${replicas} process${replicas > 1 ? 'es' : ''} of each app.`,
    ratioTable(rows),
    markdownTable(rows),
    '',
  ].join('\n\n');
  writeFileSync(file, `${page.slice(0, start)}${FROM}\n\n${text}${page.slice(end)}`);
}
