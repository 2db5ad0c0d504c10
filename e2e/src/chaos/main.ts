import { parseArgs } from 'node:util';
import { faultNames, type FaultName } from './faults.js';
import { reportTable } from './report-table.js';
import { runChaos } from './run-chaos.js';

const USAGE = `npm run chaos -- [--seed N] [--minutes 5] [--faults a,b,…] [--clients 100] [--help]

Starts a Parley of its own (two of each app, Redis, SQLite), lets clients talk over both transports and both gateways,
injects faults from a seeded schedule, and checks that nothing accepted was lost, shown twice or reordered.
Exits 1 on any violation. Faults: ${faultNames.join(', ')}.`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    minutes: { type: 'string', default: '5' },
    faults: { type: 'string', default: faultNames.join(',') },
    clients: { type: 'string', default: '100' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) return void console.log(USAGE);
  const names = values.faults.split(',');
  const unknown = names.filter((name) => !faultNames.includes(name as FaultName));
  if (unknown.length > 0) throw new Error(`unknown fault ${unknown.join(', ')}\n\n${USAGE}`);
  const startedAt = Date.now();
  const report = await runChaos({
    seed: Number(values.seed),
    forMs: Number(values.minutes) * 60_000,
    faults: names as FaultName[],
    clients: Number(values.clients),
    users: 20,
    rooms: 4,
    sendIntervalMs: 2_000,
    onProgress: (line) =>
      console.log(`${((Date.now() - startedAt) / 1_000).toFixed(0).padStart(5)} s  ${line}`),
  });
  console.log(`\n${reportTable(report)}`);
  process.exitCode = report.violations.length > 0 ? 1 : 0;
}

await main();
