import { cpuOf } from '../../processes.js';
import { ParleyContestant } from '../contestants/parley.js';
import { AT_ONCE } from './publishing.js';
import type { Bench, Figures } from './scenario.js';

const PUBLISHERS = 200;
const LIVE_ROOMS = 10;
const LIVE_RATE = 50;
const LIVE_SECONDS = 10;

/** Live rooms talk; then messages pile up while no worker runs; then one starts, and the live rooms talk beside it. */
export async function backlog(bench: Bench, messages: number): Promise<Figures> {
  const { contestant, load, shrink } = bench;
  if (!(contestant instanceof ParleyContestant)) throw new Error('only Parley has a backlog');
  const { target, stack } = contestant;
  const rooms = await contestant.rooms(100);
  const live = await contestant.rooms(LIVE_ROOMS);
  const workers = stack.of('task-worker');
  const talk = () =>
    load.run({
      do: 'publish',
      target,
      rooms: live,
      via: 'http',
      publishers: 20,
      rate: LIVE_RATE,
      seconds: Math.max(2, LIVE_SECONDS / shrink),
    });
  await load.run({ do: 'come', target, rooms: live, members: LIVE_ROOMS * 10, atOnce: AT_ONCE });
  const { delivery: deliveryBefore } = await talk();
  await Promise.all(workers.map(({ process }) => process.kill9()));
  const wanted = Math.round(messages / shrink);
  let piled = 0;
  while (piled < wanted) {
    const { accepted } = await load.run({
      do: 'publish',
      target,
      rooms,
      via: 'http',
      publishers: PUBLISHERS,
      seconds: Math.min(5, 20 / shrink),
    });
    if (accepted === 0) throw new Error('nothing is accepted while no worker runs');
    piled += accepted;
  }
  const startedAt = performance.now();
  await Promise.all(workers.map(() => stack.spawn('task-worker')));
  const drained = contestant.settle().then(() => (performance.now() - startedAt) / 1_000);
  const { result, cpu } = await cpuOf(contestant.pids(), talk);
  const seconds = await drained;
  await load.run({ do: 'go' });
  return {
    drainedPerSecond: piled / seconds,
    deliveryBefore,
    delivery: result.delivery,
    answer: result.answer,
    lost: result.lost,
    duplicated: result.duplicated,
    disordered: result.disordered,
    cpu,
  };
}
