import type { BenchArguments } from './bench-arguments.js';
import { Baseline } from './contestants/baseline.js';
import type { Contestant } from './contestants/contestant.js';
import { ParleyContestant } from './contestants/parley.js';
import { LoadProcess } from './load/load-process.js';
import { mediansOf } from './report/medians.js';
import { short, type Row } from './report/table.js';
import { AT_ONCE } from './scenarios/publishing.js';
import type { ContestantName, Figures, Scenario } from './scenarios/scenario.js';

/** One run of one scenario by one contestant. */
export interface Run {
  readonly scenario: string;
  readonly contestant: string;
  readonly figures: Figures;
}

/** A just-started stack takes three times as long, and joins twice; one that has served for a while is compiled. */
const WARM_UP_SECONDS = 8;
const WARM_UP_JOINS = 3_000;

/** Runs every scenario as often as wanted, contestants in turn, and tells progress. */
export async function runBench(
  root: string,
  options: BenchArguments,
): Promise<{ readonly rows: readonly Row[]; readonly runs: readonly Run[] }> {
  const wanted = new Set(options.scenarios.flatMap((scenario) => whoDoes(scenario, options)));
  const load = await LoadProcess.start(root);
  const contestants = new Map<ContestantName, Contestant>();
  const runs: Run[] = [];
  try {
    for (const name of wanted) {
      console.log(`starting ${name}`);
      contestants.set(name, await start(name, root, options));
    }
    for (const contestant of contestants.values()) await warmUp(contestant, load, options);
    for (const scenario of options.scenarios) {
      console.log(`${scenario.name}: ${scenario.what}`);
      for (let run = 1; run <= options.runs; run++) {
        for (const name of whoDoes(scenario, options)) {
          const contestant = contestants.get(name);
          if (!contestant) continue;
          const { seconds, shrink } = options;
          const figures = await scenario.run({ contestant, load, seconds, shrink });
          runs.push({ scenario: scenario.name, contestant: contestant.name, figures });
          console.log(`  ${run}/${options.runs} ${contestant.name.padEnd(13)} ${inALine(figures)}`);
        }
      }
    }
  } finally {
    load.stop();
    for (const contestant of contestants.values()) await contestant.stop();
  }
  const pairs = new Map(runs.map((run) => [`${run.scenario} ${run.contestant}`, run]));
  const rows = [...pairs.values()].map(({ scenario, contestant }) => ({
    scenario,
    contestant,
    figures: mediansOf(
      runs
        .filter((run) => run.scenario === scenario && run.contestant === contestant)
        .map(({ figures }) => figures),
    ),
  }));
  return { rows, runs };
}

/** In the order in which they take turns. */
function whoDoes({ contestants }: Scenario, { baselines, beside }: BenchArguments): ContestantName[] {
  const [parley = 'parley', ...others] = contestants;
  return [parley, ...(beside === undefined ? [] : ['beside' as const]), ...(baselines ? others : [])];
}

function start(
  name: ContestantName,
  root: string,
  { replicas, beside }: BenchArguments,
): Promise<Contestant> {
  switch (name) {
    case 'parley':
      return ParleyContestant.start({ root, replicas });
    case 'beside':
      return ParleyContestant.start({ root, replicas, ...(beside !== undefined && { workspace: beside }) });
    case 'socket-io':
      return Baseline.socketIo(root);
    case 'floor':
      return Baseline.floor(root);
  }
}

async function warmUp(contestant: Contestant, load: LoadProcess, { shrink }: BenchArguments): Promise<void> {
  const { target } = contestant;
  const rooms = await contestant.rooms(1);
  await load.run({
    do: 'come',
    target,
    rooms: await contestant.rooms(1),
    members: Math.ceil(WARM_UP_JOINS / shrink),
    atOnce: AT_ONCE,
  });
  await load.run({ do: 'go' });
  await load.run({ do: 'come', target, rooms, members: 10, atOnce: 10 });
  // As fast as they are answered: at an everyday rate it would take minutes until everything is compiled.
  const seconds = Math.max(1, WARM_UP_SECONDS / shrink);
  await load.run({ do: 'publish', target, rooms, via: 'http', publishers: 32, seconds });
  await contestant.settle();
  await load.run({ do: 'go' });
}

function inALine({
  deliveriesPerSecond,
  acceptedPerSecond,
  cpuPerDelivery,
  delivery,
  ...other
}: Figures): string {
  const parts = [
    acceptedPerSecond !== undefined && `${short(acceptedPerSecond)} accepted/s`,
    deliveriesPerSecond !== undefined && `${short(deliveriesPerSecond)} deliveries/s`,
    cpuPerDelivery !== undefined && `${short(cpuPerDelivery)} µs each`,
    delivery && delivery.count > 0 && `p50/p99 ${short(delivery.p50)}/${short(delivery.p99)} ms`,
    other.deliveryBefore && `before ${short(other.deliveryBefore.p50)}/${short(other.deliveryBefore.p99)} ms`,
    other.seconds !== undefined && `${short(other.seconds)} s`,
    other.gatewayCpuPerJoinMs !== undefined &&
      `${short(other.gatewayCpuPerJoinMs)} ms of the gateway each, ${short(other.cpuPerJoinMs)} ms of all`,
    other.rssPerMember !== undefined && `${short(other.rssPerMember / 1_000)} KB RSS each`,
    other.drainedPerSecond !== undefined && `${short(other.drainedPerSecond)} drained/s`,
    other.lost ? `${other.lost} LOST` : false,
  ];
  return parts.filter((part) => typeof part === 'string').join(', ');
}
