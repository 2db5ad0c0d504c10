import { vi } from 'vitest';
import { ByteBudget } from '../rooms/byte-budget.js';
import { LocalRoom } from '../rooms/local-room.js';
import type { FactsRead, LocalRoomOptions } from '../rooms/local-room-options.js';
import { LogReader } from '../rooms/log-reader.js';
import { RecentBudget } from '../rooms/recent-messages.js';
import { FakeConnection } from './fake-connection.js';
import { FakeRoomLog } from './fake-room-log.js';

export const ROOM = 7;
export const MAX_OUTBOUND_BYTES = 1_000;
export const MAX_TAKEN_BYTES = 200_000;

/** A room over a log in memory, and its members. */
export function setUp(position = { seq: 0, epoch: 'e1' }) {
  const log = new FakeRoomLog(ROOM);
  const onDelivered = vi.fn<LocalRoomOptions['onDelivered']>();
  const onResync = vi.fn();
  const onSlow = vi.fn();
  const gatherMs = vi.fn<LocalRoomOptions['gatherMs']>(() => 0);
  const taken = new ByteBudget(MAX_TAKEN_BYTES);
  const recent = new RecentBudget();
  const readFacts = vi.fn(() => Promise.resolve<FactsRead>({ facts: new Map(), nowMs: 0 }));
  const onPutOut = vi.fn<LocalRoomOptions['onPutOut']>((_, connection) => room.remove(connection));
  const room: LocalRoom = new LocalRoom(ROOM, 'room', position, {
    readFacts,
    onPutOut,
    log: new LogReader(log.store),
    maxOutboundBytes: MAX_OUTBOUND_BYTES,
    taken,
    recent,
    gatherMs,
    onDelivered,
    onResync,
    onSlow,
  });
  let users = 0;
  const join = (lastSeq = room.delivered, connection = new FakeConnection(++users)) => {
    room.resume(room.add(connection, lastSeq));
    return connection;
  };
  return { log, room, join, readFacts, onPutOut, onDelivered, onResync, onSlow, taken, recent, gatherMs };
}

export const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);
export const turn = () => new Promise((resolve) => setImmediate(resolve));
export async function settle(): Promise<void> {
  for (let i = 0; i < 30; i++) await turn();
}

/** Makes reads wait until `open` is called. */
export function holdReads(log: FakeRoomLog): () => void {
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  log.delay = () => gate;
  return open;
}
