import type { ParkedPosition, ParkingStore } from '@parley/redis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { stub } from '../testing/stub.js';
import type { ParkedRoomsRepository } from '../rooms/parked-rooms.repository.js';
import { RoomParkingService } from './room-parking.service.js';

const IDLE_MS = 86_400_000;
type Outcome = Awaited<ReturnType<ParkingStore['unload']>>;

const position = (seq: number): ParkedPosition => ({ epoch: 'e1', seq, floor: 0, generation: '1.a' });
const ready = (seq: number): Outcome => ({ kind: 'ready', position: position(seq) });
const kind = (name: 'none' | 'gone' | 'busy'): Outcome => ({ kind: name });

/** Rooms that SQL calls unused, and what Redis says of each at every look. */
function setUp(rooms: number[], outcomes: Record<number, Outcome[]> = {}, idleMs = IDLE_MS) {
  const done: string[] = [];
  const candidates = vi.fn<ParkedRoomsRepository['candidates']>(async (_, limit, after) => {
    done.push('candidates');
    const rest = rooms.filter((roomId) => roomId > (after?.roomId ?? 0)).slice(0, limit);
    return rest.map((roomId) => ({ roomId, usedAt: roomId }));
  });
  const unload = vi.fn<ParkingStore['unload']>(async (roomId, _idle, at) => {
    if (at) done.push(`unload ${roomId} at ${at.seq}`);
    return outcomes[roomId]?.shift() ?? kind('busy');
  });
  const sweep = vi.fn(async () => void done.push('sweep'));
  const ids = (list: readonly { roomId: number; position: ParkedPosition }[]) =>
    list.map((room) => `${room.roomId}:${room.position.seq}`).join();
  const parking = new RoomParkingService(
    { roomIdleMs: idleMs },
    stub<ParkedRoomsRepository>('ParkedRoomsRepository', {
      candidates,
      park: async (list) => {
        await new Promise((resolve) => setImmediate(resolve));
        done.push(`park ${ids(list)}`);
      },
      unpark: async (list) => void (list.length > 0 && done.push(`unpark ${ids(list)}`)),
      markResident: async (roomIds, isResident) =>
        void (roomIds.length > 0 && done.push(`resident ${roomIds.join()} ${isResident}`)),
    }),
    stub<ParkingStore>('ParkingStore', { unload }),
    { sweep },
  );
  return { parking, done, candidates, unload, sweep };
}

describe('RoomParkingService', () => {
  it('notes in SQL where rooms stand, and only then takes them out of Redis', async () => {
    const { parking, done, unload } = setUp([1, 2], {
      1: [ready(40), kind('gone')],
      2: [ready(50), kind('gone')],
    });
    await parking.takeTurn();
    expect(done).toEqual(['sweep', 'candidates', 'park 1:40,2:50', 'unload 1 at 40', 'unload 2 at 50']);
    expect(unload.mock.calls).toEqual([
      [1, IDLE_MS],
      [2, IDLE_MS],
      [1, IDLE_MS, position(40)],
      [2, IDLE_MS, position(50)],
    ]);
  });

  it('takes back what it noted of those that stayed after all', async () => {
    const { parking, done } = setUp([1, 2], { 1: [ready(40), kind('busy')], 2: [ready(50), kind('gone')] });
    await parking.takeTurn();
    expect(done.slice(2)).toEqual(['park 1:40,2:50', 'unload 1 at 40', 'unload 2 at 50', 'unpark 1:40']);
  });

  it('leaves those alone that are in use, or have something on its way', async () => {
    const { parking, done } = setUp([1, 2], { 1: [kind('busy')], 2: [kind('gone')] });
    await parking.takeTurn();
    expect(done).toEqual(['sweep', 'candidates']);
  });

  it('looks no more at those that Redis does not hold, but at those that came just then', async () => {
    const { parking, done } = setUp([1, 2], {
      1: [kind('none'), kind('none')],
      2: [kind('none'), kind('busy')],
    });
    await parking.takeTurn();
    expect(done.slice(2)).toEqual(['resident 1,2 false', 'resident 2 true']);
  });

  it('asks for rooms that were not used for the whole time', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 5 * IDLE_MS });
    onTestFinished(() => void vi.useRealTimers());
    const { parking, candidates } = setUp([]);
    await parking.takeTurn();
    expect(candidates.mock.calls).toEqual([[4 * IDLE_MS, 500, undefined]]);
  });

  it('goes on behind those that stay, five hundred a turn, and from the start after the last', async () => {
    const { parking, candidates } = setUp(Array.from({ length: 700 }, (_, i) => i + 1));
    for (let i = 0; i < 3; i++) await parking.takeTurn();
    expect(candidates.mock.calls.map(([, , after]) => after)).toEqual([
      undefined,
      { roomId: 500, usedAt: 500 },
      undefined,
    ]);
  });

  it('takes one turn at a time, and the next one after a failure', async () => {
    const { parking, sweep } = setUp([]);
    sweep.mockRejectedValueOnce(new Error('Redis is away'));
    const both = await Promise.allSettled([parking.takeTurn(), parking.takeTurn()]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(sweep).toHaveBeenCalledTimes(1);
    await parking.takeTurn();
    expect(sweep).toHaveBeenCalledTimes(2);
  });

  it.each([
    ['a quarter of the time', 40_000, 10_000],
    ['a minute at the most', IDLE_MS, 60_000],
    ['a quarter of a second at the least', 1, 250],
  ])('takes a turn every so often: %s', async (_, idleMs, everyMs) => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { parking, sweep } = setUp([], {}, idleMs);
    sweep.mockRejectedValueOnce(new Error('Redis is away'));
    parking.onModuleInit();
    await vi.advanceTimersByTimeAsync(everyMs - 1);
    expect(sweep).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(sweep).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(everyMs);
    expect(sweep).toHaveBeenCalledTimes(2);
    await parking.onApplicationShutdown();
    await vi.advanceTimersByTimeAsync(2 * everyMs);
    expect(sweep).toHaveBeenCalledTimes(2);
  });

  it('ends with the turn that is under way', async () => {
    const { parking, sweep } = setUp([]);
    let swept: () => void = () => undefined;
    sweep.mockImplementationOnce(() => new Promise((resolve) => (swept = () => resolve(undefined))));
    const turn = parking.takeTurn();
    let ended = false;
    const ending = parking.onApplicationShutdown().then(() => (ended = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    swept();
    await Promise.all([turn, ending]);
  });
});
