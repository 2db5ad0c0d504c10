import { AppError } from '@parley/protocol';
import type { EntityManager } from 'typeorm';
import { describe, expect, it, vi } from 'vitest';
import type { SqlWriter } from '../database/sql-writer.js';
import { stub } from '../testing/stub.js';
import { MAX_ROOMS_PER_TRANSACTION, SeqReservations } from './seq-reservations.js';

/** Rooms below 1,000 are there; their ceilings are moved as SQL does it. */
function setUp() {
  const ceilings = new Map<number, number>();
  const transactions: number[][] = [];
  const commit = vi.fn(() => Promise.resolve());
  const run: SqlWriter['run'] = async (work) => {
    const moved: number[] = [];
    transactions.push(moved);
    const manager = stub<EntityManager>('EntityManager', {
      query: (async (sql: string, values: number[]) => {
        await Promise.resolve();
        if (sql.startsWith('SELECT'))
          return values
            .filter((id) => id < 1_000)
            .map((id) => ({ id, seq_ceiling: String(ceilings.get(id)) }));
        const [above = 0, count = 0, id = 0] = values;
        moved.push(id);
        ceilings.set(id, Math.max(above, ceilings.get(id) ?? 0) + count);
        return undefined;
      }) as EntityManager['query'],
    });
    const result = await work(manager);
    await commit();
    return result;
  };
  return { reservations: new SeqReservations({ run }), transactions, commit };
}

describe('reservations of sequence numbers', () => {
  it('that are asked for during a transaction share the next one', async () => {
    const { reservations, transactions } = setUp();
    const reserved = await Promise.all(
      [3, 9, 5, 7].map((roomId) => reservations.reserve(roomId, roomId, 10)),
    );
    expect(reserved).toEqual([3, 9, 5, 7].map((floor) => ({ floor, ceiling: floor + 10 })));
    // In one order, whoever asked first.
    expect(transactions).toEqual([[3], [5, 7, 9]]);
  });

  it('are told of when they are committed', async () => {
    const { reservations, commit } = setUp();
    let committed = () => undefined as void;
    commit.mockReturnValueOnce(new Promise((resolve) => (committed = resolve)));
    const told = vi.fn();
    const reserving = reservations.reserve(3, 0, 10).then(told);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    expect([commit.mock.calls.length, told.mock.calls.length]).toEqual([1, 0]);
    committed();
    await reserving;
  });

  it('of one room are numbers of their own for each who asks', async () => {
    const { reservations, transactions } = setUp();
    const reserved = await Promise.all([0, 0, 25, 0].map((above) => reservations.reserve(3, above, 10)));
    expect(reserved.map(({ floor, ceiling }) => [floor, ceiling])).toEqual([
      [0, 10],
      [10, 20],
      [25, 35],
      [35, 45],
    ]);
    expect(transactions).toEqual([[3], [3], [3], [3]]);
  });

  it('of a room that is not there are refused, and no others', async () => {
    const { reservations } = setUp();
    const results = await Promise.allSettled(
      [1, 1_000, 2].map((roomId) => reservations.reserve(roomId, 0, 10)),
    );
    expect(results).toMatchObject([
      { value: { ceiling: 10 } },
      { reason: { code: 'ROOM_NOT_FOUND', context: { roomId: 1_000 } } },
      { value: { ceiling: 10 } },
    ]);
  });

  it('fail with their transaction, and the next ones do not', async () => {
    const { reservations, commit } = setUp();
    commit.mockRejectedValueOnce(new AppError('UNAVAILABLE'));
    const results = await Promise.allSettled([1, 2].map((roomId) => reservations.reserve(roomId, 0, 10)));
    expect(results).toMatchObject([{ reason: { code: 'UNAVAILABLE' } }, { status: 'fulfilled' }]);
    await expect(reservations.reserve(1, 0, 10)).resolves.toMatchObject({ ceiling: 20 });
  });

  it('of very many rooms are several transactions', async () => {
    const { reservations, transactions } = setUp();
    const rooms = Array.from({ length: MAX_ROOMS_PER_TRANSACTION + 2 }, (_, i) => i + 1);
    await Promise.all(rooms.map((roomId) => reservations.reserve(roomId, 0, 10)));
    expect(transactions.map(({ length }) => length)).toEqual([1, MAX_ROOMS_PER_TRANSACTION, 1]);
  });
});
