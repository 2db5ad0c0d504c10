import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FakeConnection } from '../testing/fake-connection.js';
import { FakeRoomLog } from '../testing/fake-room-log.js';
import { ByteBudget } from './byte-budget.js';
import { LocalRoom } from './local-room.js';
import { LogReader } from './log-reader.js';
import { RecentBudget } from './recent-messages.js';

const ROOM = 7;
const MAX_OUTBOUND_BYTES = 1_000;

type Step =
  | { kind: 'publish'; count: number; newEpoch: boolean }
  | { kind: 'deliver'; back: number; count: number; keep: number }
  | { kind: 'join'; behind: number }
  | { kind: 'leave' | 'slow' | 'busy' | 'drain'; who: number }
  | { kind: 'rejoin'; who: number }
  | { kind: 'trim'; keep: number }
  | { kind: 'fail' }
  | { kind: 'turns'; count: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      count: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 40 }) }, fc.constant(520)),
      newEpoch: fc.integer({ min: 0, max: 15 }).map((n) => n === 0),
    }),
  },
  {
    weight: 6,
    // `keep` is a bit mask: some entries of the batch never arrive.
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      back: fc.nat(60),
      count: fc.integer({ min: 1, max: 60 }),
      keep: fc.oneof(fc.constant(0xffff_ffff), fc.nat(0xffff_ffff)),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('join' as const), behind: fc.nat(200) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'leave' as const,
        'slow' as const,
        'busy' as const,
        'drain' as const,
        'rejoin' as const,
      ),
      who: fc.nat(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('trim' as const), keep: fc.nat(150) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'fail' as const }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 4 }) }),
  },
);

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A connection's time in the room, from a position on. */
interface Stay {
  readonly connection: FakeConnection;
  readonly start: number;
  readonly firstFrame: number;
}

/** Follows what was written since the join; throws at the first message that is missing, repeated or out of order. */
function positionAfter({ connection, start, firstFrame }: Stay): number {
  let at = start;
  for (const { seq, from, to } of connection.frames.slice(firstFrame)) {
    if (seq !== undefined) {
      if (seq !== at + 1) throw new Error(`${seq} came after ${at}: ${connection.seen.join(' ')}`);
      at = seq;
    } else {
      if (from !== at + 1) throw new Error(`resync from ${from} came after ${at}`);
      at = Math.max(at, to ?? 0);
    }
  }
  return at;
}

async function run(steps: readonly Step[], latencies: readonly number[], crowd: number): Promise<void> {
  const log = new FakeRoomLog(ROOM);
  const room = new LocalRoom(
    ROOM,
    'room',
    { seq: 0, epoch: 'e0' },
    {
      log: new LogReader(log.store),
      maxOutboundBytes: MAX_OUTBOUND_BYTES,
      taken: new ByteBudget(10_000),
      recent: new RecentBudget(),
      gatherMs: () => 0,
      onDelivered: () => undefined,
      onResync: () => undefined,
      onSlow: () => undefined,
      readFacts: () => Promise.resolve({ facts: new Map(), nowMs: 0 }),
      onPutOut: () => undefined,
    },
  );
  let reads = 0;
  log.delay = async () => {
    const turns = latencies[reads++ % latencies.length] ?? 0;
    for (let i = 0; i < turns; i++) await turn();
  };
  let epoch = 0;
  let users = 0;
  const present: Stay[] = [];
  const join = (lastSeq: number, connection = new FakeConnection(++users)) => {
    present.push({ connection, start: lastSeq, firstFrame: connection.frames.length });
    room.resume(room.add(connection, lastSeq));
  };
  const deliveries: Promise<unknown>[] = [];

  for (let i = 0; i < crowd; i++) join(0);
  for (const now of steps) {
    const stay = 'who' in now ? present[now.who % Math.max(present.length, 1)] : undefined;
    switch (now.kind) {
      case 'publish':
        if (now.newEpoch) log.append(now.count, `e${++epoch}`, log.head + 100);
        else log.append(now.count, `e${epoch}`);
        break;
      case 'deliver': {
        const from = log.head - now.back;
        const batch = log.slice(from, from + now.count).filter((_, i) => (now.keep >> (i % 32)) & 1);
        deliveries.push(room.deliver(batch).catch(() => undefined));
        break;
      }
      case 'join':
        // As RoomDirectory does it: a position of another epoch is not resumed.
        if (room.epoch === `e${epoch}`) join(Math.max(0, log.head - now.behind));
        else join(room.delivered);
        break;
      case 'leave':
      case 'rejoin':
        if (!stay) break;
        positionAfter(stay);
        present.splice(present.indexOf(stay), 1);
        room.remove(stay.connection);
        if (now.kind === 'rejoin') join(room.delivered, stay.connection);
        break;
      case 'slow':
        if (stay) stay.connection.bufferedBytes = MAX_OUTBOUND_BYTES + 1;
        break;
      case 'busy':
        if (stay) stay.connection.bufferedBytes = MAX_OUTBOUND_BYTES / 2;
        break;
      case 'drain':
        stay?.connection.drain();
        break;
      case 'trim':
        log.trim(log.head - now.keep);
        break;
      case 'fail':
        log.failures++;
        break;
      case 'turns':
        for (let i = 0; i < now.count; i++) await turn();
    }
  }

  await Promise.all(deliveries);
  log.failures = 0;
  await room.deliver(log.append(1, `e${epoch}`));
  for (const { connection } of present) connection.drain();
  const allThere = () => present.every(({ connection }) => room.members.get(connection)?.live);
  for (let i = 0; i < 500 && !allThere(); i++) await turn();
  // Whoever is live gets this one too.
  await room.deliver(log.append(1, `e${epoch}`));
  for (let i = 0; i < 500 && room.delivered < log.head; i++) await turn();
  for (const stay of present) expect(positionAfter(stay)).toBe(log.head);
}

const latencies = fc.array(fc.nat(6), { minLength: 1, maxLength: 8 });

it('gives every member every message once and in order, or tells it what to read', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), latencies, (steps, delays) =>
      run(steps, delays, 0),
    ),
    { numRuns: 200 },
  );
});

it('does so in a large room, whose flushes take several turns', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), latencies, (steps, delays) =>
      run(steps, delays, 260),
    ),
    { numRuns: 10 },
  );
});
