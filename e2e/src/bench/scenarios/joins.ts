import { cpuOf, totalOf, type CpuUse } from '../../processes.js';
import { AT_ONCE } from './publishing.js';
import type { Bench, Figures } from './scenario.js';

/** Of those that hold the connections: Parley's gateways, or a baseline's one process. */
const gatewaysOf = (cpu: CpuUse): number =>
  Object.entries(cpu).reduce(
    (sum, [name, seconds]) => sum + (/^(connect-gateway|server)/.test(name) ? seconds : 0),
    0,
  );

/** Members come into rooms, all at once, and then every room gets a message that all must hear. */
export async function joins(
  { contestant, load, shrink }: Bench,
  { rooms, members }: { readonly rooms: number; readonly members: number },
): Promise<Figures> {
  const { target } = contestant;
  const roomIds = await contestant.rooms(Math.max(1, Math.round(rooms / shrink)));
  const count = Math.max(1, Math.round(members / shrink));
  const { result: came, cpu } = await cpuOf(contestant.pids(), () =>
    load.run({ do: 'come', target, rooms: roomIds, members: count, atOnce: AT_ONCE }),
  );
  const heard = await load.run({
    do: 'publish',
    target,
    rooms: roomIds,
    via: 'http',
    publishers: 20,
    rate: roomIds.length,
    seconds: 1,
  });
  await load.run({ do: 'go' });
  return {
    seconds: came.seconds,
    gatewayCpuPerJoinMs: (gatewaysOf(cpu) / came.joined) * 1_000,
    cpuPerJoinMs: (totalOf(cpu) / came.joined) * 1_000,
    lost: heard.lost + (count - came.joined),
    duplicated: heard.duplicated,
    refused: came.refused,
    cpu,
    loadCpu: heard.loadCpuSeconds,
  };
}
