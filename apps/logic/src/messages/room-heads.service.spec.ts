import type { RoomHead, RoomStart, RoomStore } from '@parley/redis';
import type { Mark } from '@parley/contracts';
import { eventually } from '@parley/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ArchiveRepository } from '../archive/archive.repository.js';
import type { LineService } from '../line/line.service.js';
import type { ParkedRoomsRepository } from '../rooms/parked-rooms.repository.js';
import type { RoomsRepository } from '../rooms/rooms.repository.js';
import { stub } from '../testing/stub.js';
import { RoomHeadsService } from './room-heads.service.js';

const ROOM = 7;
const STEP = 100_000;
const NOW = 1_000_000;
const GENERATION = '3.x';
const IDLE_MS = 60_000;

/** What acts have left behind, in SQL. */
const hidden: Mark = { seq: 3, at: 9, hidden: true, by: 'moderator', range: { from: 1, to: 2 } };

type Position = NonNullable<Awaited<ReturnType<ParkedRoomsRepository['find']>>>;
type Restored = Awaited<ReturnType<RoomStore['restoreHead']>>;

/** What Redis and SQL hold of one room, and what is done to them, in order. */
function setUp(
  given: {
    head?: RoomHead;
    /** Last seq in a head that does not stand. */
    lastSeq?: number;
    ceiling?: number;
    archived?: number;
    parked?: Position;
    /** What Redis answers to restores, before it takes one. */
    refuses?: ('unproven' | 'late' | 'ended')[];
  } = {},
) {
  const { lastSeq = 0, archived = 0, parked, refuses = [] } = given;
  const state = { head: given.head, ceiling: given.ceiling ?? 0, turnIsFree: true };
  const done: string[] = [];
  const starts: RoomStart[] = [];
  const raised: number[] = [];
  const store = {
    head: vi.fn(async () => state.head),
    watermarks: async () => ({ seq: state.head?.seq ?? lastSeq, archived: 0 }),
    takeRestoreTurn: vi.fn(async () => {
      const { turnIsFree } = state;
      if (turnIsFree) state.turnIsFree = false;
      return turnIsFree;
    }),
    endRestoreTurn: async () => {
      done.push('end turn');
      state.turnIsFree = true;
    },
    generation: vi.fn(async () => GENERATION),
    nowMs: async () => NOW,
    restoreHead: vi.fn(async (_: number, start: RoomStart): Promise<Restored> => {
      starts.push(start);
      const refusal = refuses.shift();
      done.push(`restore${refusal ? `: ${refusal}` : ''}`);
      if (refusal) return refusal;
      state.head = { seq: start.floor, epoch: start.epoch, floor: start.keptFloor ?? start.floor };
      return { ...state.head, created: true };
    }),
    raiseCeiling: async (_: number, ceiling: number) => {
      done.push('raise in Redis');
      raised.push(ceiling);
    },
  };
  const rooms = {
    reserveSeqs: vi.fn(async (_: number, above: number, count: number) => {
      done.push('reserve in SQL');
      const floor = Math.max(state.ceiling, above);
      return { floor, ceiling: (state.ceiling = floor + count) };
    }),
    raiseSeqCeiling: vi.fn(async (_: number, ceiling: number) => {
      done.push('raise in SQL');
      return (state.ceiling = Math.max(state.ceiling, ceiling));
    }),
  };
  const proven = vi.fn(async () => void done.push('prove'));
  const heads = new RoomHeadsService(
    stub<RoomStore>('RoomStore', store),
    stub<RoomsRepository>('RoomsRepository', rooms),
    stub<ArchiveRepository>('ArchiveRepository', { maxSeq: async () => archived }),
    stub<LineService>('LineService', { proven }),
    stub<ParkedRoomsRepository>('ParkedRoomsRepository', {
      find: async () => parked,
      markResident: async (roomIds, isResident) => void done.push(`resident ${roomIds.join()} ${isResident}`),
    }),
    { roomIdleMs: IDLE_MS },
    { facts: async () => new Map([['mode', 'hosts']]), newestMarks: async () => [hidden] },
  );
  return { heads, state, store, rooms, done, starts, raised, proven };
}

const standing = (seq: number, epoch = 'e1'): RoomHead => ({ seq, epoch, floor: 0 });

describe('RoomHeadsService.ensure', () => {
  it('answers the position that stands, and touches nothing', async () => {
    const { heads, done } = setUp({ head: standing(5) });
    expect(await heads.ensure(ROOM)).toEqual(standing(5));
    expect(done).toEqual([]);
  });

  it('proves the server, reserves in SQL, and only then gives the room numbers', async () => {
    const { heads, done, starts } = setUp({ ceiling: STEP });
    const head = await heads.ensure(ROOM);
    expect(done).toEqual(['prove', 'reserve in SQL', 'restore', 'end turn']);
    expect(head).toMatchObject({ seq: STEP, floor: STEP });
    expect(starts).toMatchObject([{ floor: STEP, ceiling: 2 * STEP, archived: 0 }]);
    expect(starts[0]?.keptFloor).toBeUndefined();
    // What hosts have done holds in the new epoch, too.
    expect(starts).toMatchObject([{ facts: new Map([['mode', 'hosts']]), marks: [hidden] }]);
  });

  it.each<[string, { ceiling?: number; archived?: number; lastSeq?: number }, number]>([
    ['reserved', { ceiling: 900, archived: 5, lastSeq: 6 }, 900],
    ['archived', { ceiling: 5, archived: 900, lastSeq: 6 }, 900],
    ['issued in an epoch that ended', { ceiling: 5, archived: 6, lastSeq: 900 }, 900],
    ['ever there: it is new', {}, 0],
  ])('starts above every number that was %s', async (_, given, floor) => {
    const { heads, starts } = setUp(given);
    await heads.ensure(ROOM);
    expect(starts).toMatchObject([{ floor, ceiling: floor + STEP, archived: given.archived ?? 0 }]);
  });

  it('is good while the generation lasts in which it was begun, and for less than a room stays in Redis unused', async () => {
    const { heads, store, rooms, starts } = setUp();
    rooms.reserveSeqs.mockImplementationOnce(async () => {
      store.generation.mockResolvedValue('4.z');
      return { floor: 0, ceiling: STEP };
    });
    await heads.ensure(ROOM);
    expect(starts[0]?.goodWhile).toEqual({ generation: GENERATION, untilMs: NOW + IDLE_MS / 2 });
  });

  it('uses what SQL has reserved, not what it asked for', async () => {
    const { heads, rooms, starts } = setUp();
    rooms.reserveSeqs.mockResolvedValueOnce({ floor: 4 * STEP, ceiling: 5 * STEP });
    await heads.ensure(ROOM);
    expect(starts[0]).toMatchObject({ floor: 4 * STEP, ceiling: 5 * STEP });
  });

  it('gives no position while SQL reserves nothing, and the turn to the next', async () => {
    const { heads, rooms, done, state } = setUp();
    rooms.reserveSeqs.mockRejectedValueOnce(new Error('SQL is away'));
    await expect(heads.ensure(ROOM)).rejects.toThrow('SQL is away');
    expect(done).toEqual(['prove', 'end turn']);
    expect(state.head).toBeUndefined();
    // The failure is not what the next one gets.
    expect(await heads.ensure(ROOM)).toMatchObject({ seq: 0 });
  });

  it('restores once for all who need the room, under an epoch of its own', async () => {
    const one = setUp();
    const heads = await Promise.all(Array.from({ length: 20 }, () => one.heads.ensure(ROOM)));
    expect(one.starts).toHaveLength(1);
    expect(new Set(heads.map(({ epoch }) => epoch)).size).toBe(1);
    one.state.head = undefined;
    const [next] = [await one.heads.ensure(ROOM)];
    expect(one.starts).toHaveLength(2);
    expect(next?.epoch).not.toBe(heads[0]?.epoch);
  });

  it('takes what another instance has made meanwhile, and gives back the turn it got', async () => {
    const { heads, store, done } = setUp();
    store.head.mockResolvedValueOnce(undefined).mockResolvedValueOnce(standing(3, 'theirs'));
    expect(await heads.ensure(ROOM)).toMatchObject({ epoch: 'theirs' });
    expect(done).toEqual(['prove', 'end turn']);
  });

  it("waits while it is another's turn, and looks again", async () => {
    const { heads, state, store, done } = setUp();
    state.turnIsFree = false;
    const ensuring = heads.ensure(ROOM);
    await eventually(() => expect(store.takeRestoreTurn.mock.calls.length).toBeGreaterThan(2));
    expect(store.takeRestoreTurn).toHaveBeenCalledWith(ROOM, 2_000);
    expect(done).toEqual(['prove']);
    state.head = standing(3, 'theirs');
    expect(await ensuring).toMatchObject({ epoch: 'theirs' });
    // The turn is not this one's to end.
    expect(done).toEqual(['prove']);
  });

  it('does it alone when the other takes too long', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { heads, state, store, starts } = setUp();
    state.turnIsFree = false;
    const ensuring = heads.ensure(ROOM);
    await eventually(() => expect(store.takeRestoreTurn.mock.calls.length).toBeGreaterThan(1));
    vi.advanceTimersByTime(1_999);
    const before = store.takeRestoreTurn.mock.calls.length;
    await eventually(() => expect(store.takeRestoreTurn.mock.calls.length).toBeGreaterThan(before + 1));
    expect(starts).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await ensuring).toMatchObject({ seq: 0 });
  });

  it.each(['unproven', 'late', 'ended'] as const)(
    'begins anew, three times at the most, when Redis says "%s"',
    async (refusal) => {
      const twice = setUp({ refuses: [refusal, refusal] });
      expect(await twice.heads.ensure(ROOM)).toMatchObject({ seq: 2 * STEP });
      expect(twice.proven).toHaveBeenCalledTimes(3);
      expect(twice.done.filter((what) => what === 'end turn')).toHaveLength(3);
      const thrice = setUp({ refuses: [refusal, refusal, refusal] });
      await expect(thrice.heads.ensure(ROOM)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    },
  );
});

describe('a room that had left Redis', () => {
  const parked: Position = { epoch: 'kept', seq: 40, floor: 10, generation: '2.y' };

  it('goes on where it was; SQL knows that it is in Redis before it is', async () => {
    const { heads, done, starts } = setUp({ parked, ceiling: STEP, archived: 40 });
    expect(await heads.ensure(ROOM)).toMatchObject({ seq: 40, epoch: 'kept', floor: 10 });
    expect(done).toEqual(['prove', `resident ${ROOM} true`, 'restore', 'end turn']);
    // Nothing is reserved: the first send does that, which ends what SQL has kept.
    expect(starts).toEqual([
      {
        epoch: 'kept',
        floor: 40,
        ceiling: 40,
        archived: 40,
        keptFloor: 10,
        goodWhile: { generation: '2.y', untilMs: NOW + IDLE_MS / 2 },
        marks: [hidden],
        facts: new Map([['mode', 'hosts']]),
      },
    ]);
  });

  it.each([
    ['Redis knows an ended position of it', { parked, lastSeq: 3, ceiling: STEP }, undefined],
    ['SQL has a message above it', { parked, archived: 41, ceiling: STEP }, undefined],
    ['its epoch is not the one that was seen', { parked, ceiling: STEP }, { epoch: 'e9', seq: 1 }],
    ['more of its epoch was seen', { parked, ceiling: STEP }, { epoch: 'kept', seq: 41 }],
    ['its generation has ended', { parked, ceiling: STEP, refuses: ['ended' as const] }, undefined],
  ])('gets a new epoch above all numbers when %s', async (_, given, seen) => {
    const { heads, starts } = setUp(given);
    const head = await (seen ? heads.outlive(ROOM, seen) : heads.ensure(ROOM));
    expect(head.epoch).not.toBe('kept');
    expect(head.seq).toBe(STEP);
    expect(starts.at(-1)?.keptFloor).toBeUndefined();
  });

  it('goes on too when as much of it was seen as was kept', async () => {
    const { heads } = setUp({ parked, ceiling: STEP });
    expect(await heads.outlive(ROOM, { epoch: 'kept', seq: 40 })).toMatchObject({ seq: 40, epoch: 'kept' });
  });

  it('is read again when SQL took too long', async () => {
    const { heads, starts } = setUp({ parked, refuses: ['late'] });
    expect(await heads.ensure(ROOM)).toMatchObject({ seq: 40, epoch: 'kept' });
    expect(starts.map(({ epoch }) => epoch)).toEqual(['kept', 'kept']);
  });
});

describe('RoomHeadsService.outlive', () => {
  it.each([
    ['has as much', { epoch: 'e1', seq: 5 }],
    ['has another epoch', { epoch: 'e0', seq: 900 }],
  ])('leaves the position when Redis %s', async (_, seen) => {
    const { heads, done } = setUp({ head: standing(5) });
    expect(await heads.outlive(ROOM, seen)).toEqual(standing(5));
    expect(done).toEqual([]);
  });

  it('ends an epoch of which more was seen than Redis has, and starts above that', async () => {
    const seen = { epoch: 'e1', seq: 6 };
    const { heads, starts } = setUp({ head: standing(5), ceiling: 3 });
    expect((await heads.outlive(ROOM, seen)).seq).toBe(6);
    expect(starts).toMatchObject([{ floor: 6, ceiling: 6 + STEP, seen }]);
  });
});

describe('RoomHeadsService.raise', () => {
  it('reserves a step above the position, in SQL first, and tells Redis what SQL answered', async () => {
    const { heads, rooms, done, raised } = setUp({ head: standing(60_000), ceiling: STEP });
    await heads.raise(ROOM);
    expect(rooms.raiseSeqCeiling.mock.calls).toEqual([[ROOM, 160_000]]);
    expect(done).toEqual(['raise in SQL', 'raise in Redis']);
    rooms.raiseSeqCeiling.mockResolvedValueOnce(700_000);
    await heads.raise(ROOM);
    expect(raised).toEqual([160_000, 700_000]);
  });

  it('tells Redis nothing when SQL reserves nothing, and tries again when asked again', async () => {
    const { heads, rooms, raised } = setUp({ head: standing(60_000) });
    rooms.raiseSeqCeiling.mockRejectedValueOnce(new Error('SQL is away'));
    await expect(heads.raise(ROOM)).rejects.toThrow('SQL is away');
    expect(raised).toEqual([]);
    await heads.raise(ROOM);
    expect(raised).toEqual([160_000]);
  });

  it('makes one reservation for all who ask at once, and one for each room', async () => {
    const { heads, rooms } = setUp({ head: standing(1) });
    await Promise.all([heads.raise(ROOM), heads.raise(ROOM), heads.raise(8)]);
    expect(rooms.raiseSeqCeiling.mock.calls.map(([roomId]) => roomId)).toEqual([ROOM, 8]);
  });

  it('happens ahead, once half of the reserved numbers is used, and may fail then', async () => {
    const { heads, rooms } = setUp({ head: standing(1) });
    heads.watch(ROOM, STEP / 2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(rooms.raiseSeqCeiling).not.toHaveBeenCalled();
    rooms.raiseSeqCeiling.mockRejectedValueOnce(new Error('SQL is away'));
    heads.watch(ROOM, STEP / 2 - 1);
    await eventually(() => expect(rooms.raiseSeqCeiling).toHaveBeenCalledOnce());
  });
});
