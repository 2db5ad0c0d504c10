import { parseChaosArguments, USAGE, type ChaosArguments } from './chaos-arguments.js';
import { nameOf } from './damage.js';
import { isBroken, keepLogs } from './keep-logs.js';
import { reportTable } from './report-table.js';
import { runChaos } from './run-chaos.js';

async function main(options: ChaosArguments): Promise<void> {
  const { seed, forMs } = options;
  const startedAt = Date.now();
  const howLong = options.once ? 'each fault once' : `${forMs / 60_000} minutes`;
  console.log(`seed ${seed}, ${howLong}, ${options.clients} clients on ${options.sql}: starting`);
  const report = await runChaos({
    ...options,
    users: 20,
    rooms: 4,
    sendIntervalMs: 2_000,
    onProgress: (line) => {
      const seconds = Math.round((Date.now() - startedAt) / 1_000);
      const outOf = options.once ? '' : ` of ${forMs / 1_000}`;
      console.log(`${String(seconds).padStart(5)} s${outOf}  ${line}`);
    },
  });
  console.log(`\n${reportTable(report)}`);
  const faults = options.faults.length > 0 ? options.faults.map(nameOf).join(',') : 'none';
  console.log(
    `replay: npm run chaos -- --seed ${seed} ${options.once ? '--once' : `--minutes ${forMs / 60_000} --pairs ${Math.round(options.pairShare * 100)}`} --clients ${options.clients} --sql ${options.sql} --ack-replicas ${options.ackReplicas} --faults ${faults}`,
  );
  const broken = isBroken(report);
  if (broken || options.logsDir !== undefined)
    console.log(`logs of every process: ${keepLogs(report, options.logsDir)}`);
  if (broken) process.exitCode = 1;
}

try {
  const options = parseChaosArguments(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else await main(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
