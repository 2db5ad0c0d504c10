import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseBenchArguments, USAGE } from './bench-arguments.js';
import { runBench } from './run-bench.js';
import { machineLine } from './report/machine.js';
import { ratioTable } from './report/ratios.js';
import { markdownTable } from './report/table.js';
import { writeDocs } from './report/docs.js';

const root = process.env['PARLEY_ROOT'] ?? resolve(import.meta.dirname, '../../..');

async function main(): Promise<void> {
  let options;
  try {
    options = parseBenchArguments(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\nSee: npm run bench -- --help`);
    process.exitCode = 1;
    return;
  }
  if (options.help) return void console.log(USAGE);
  const { rows, runs } = await runBench(root, options);
  const machine = machineLine(root);
  console.log(['', machine, '', markdownTable(rows), '', ratioTable(rows)].join('\n'));
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ machine, runs }, undefined, 2)}\n`);
  if (options.write) writeDocs(root, { machine, rows, options });
  const wrong = rows.filter(
    ({ contestant, figures: { lost = 0, duplicated = 0, disordered = 0, resyncs = 0 } }) =>
      contestant === 'Parley' && (duplicated > 0 || disordered > 0 || (lost > 0 && resyncs === 0)),
  );
  for (const { scenario } of wrong)
    console.error(`${scenario}: something was lost, duplicated or out of order`);
  if (wrong.length > 0) process.exitCode = 1;
}

await main();
