import { cpuOf, totalOf } from '../../processes.js';
import type { Publish } from '../load/commands.js';
import type { Bench, Figures } from './scenario.js';

const MICROSECONDS = 1e6;
/** Joins at the same time: what a crowd that opens a page does. */
export const AT_ONCE = 100;

/** How many rooms, how many members each, and how they are sent to. */
export interface Publishing extends Omit<Publish, 'do' | 'target' | 'rooms' | 'seconds'> {
  readonly rooms: number;
  readonly members: number;
}

/** Members come, a short warm-up, the measurement, and they go. */
export async function publishing(
  { contestant, load, seconds, shrink }: Bench,
  { rooms, members, ...how }: Publishing,
): Promise<Figures> {
  const { target } = contestant;
  const roomIds = await contestant.rooms(Math.max(1, Math.round(rooms / (rooms > 1 ? shrink : 1))));
  const count = members > 0 ? Math.max(roomIds.length, Math.round((members * rooms) / shrink)) : 0;
  const came =
    count > 0
      ? await load.run({ do: 'come', target, rooms: roomIds, members: count, atOnce: AT_ONCE })
      : { joined: 0, refused: {} };
  const order = {
    ...how,
    do: 'publish' as const,
    target,
    rooms: roomIds,
    publishers: Math.max(Math.min(5, how.publishers), Math.round(how.publishers / shrink)),
  };
  await load.run({ ...order, seconds: Math.min(2, seconds) });
  await contestant.settle();
  let settledAfterMs = 0;
  const { result, cpu } = await cpuOf(contestant.pids(), async () => {
    const published = await load.run({ ...order, seconds });
    settledAfterMs = await contestant.settle();
    return published;
  });
  await load.run({ do: 'go' });
  const { accepted, deliveries } = result;
  const cpuSeconds = totalOf(cpu);
  return {
    acceptedPerSecond: accepted / result.seconds,
    cpuPerMessage: (cpuSeconds / accepted) * MICROSECONDS,
    ...(count > 0 && {
      deliveriesPerSecond: deliveries / result.deliverySeconds,
      cpuPerDelivery: (cpuSeconds / deliveries) * MICROSECONDS,
      delivery: result.delivery,
    }),
    answer: result.answer,
    lost: result.lost,
    duplicated: result.duplicated,
    disordered: result.disordered,
    resyncs: result.resyncs,
    refused: { ...came.refused, ...result.refused },
    settledAfterMs,
    cpu,
    loadCpu: result.loadCpuSeconds,
  };
}
