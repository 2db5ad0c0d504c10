import { rpcLimits } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import type { RpcClient } from '@parley/rpc';
import { describe, expect, it, vi } from 'vitest';
import { Admissions } from './admissions.js';

interface Ask {
  readonly userId: number;
  readonly roomId: number;
}

/** Even rooms are logic-0's, odd ones logic-1's. Rooms from 100 on are not known at hand; from 200 on there are none. */
function setUp() {
  const calls: { pattern: string; rooms: number[]; key: unknown }[] = [];
  const kindsOf = vi.fn((asks: readonly Ask[]): (string | null)[] =>
    asks.map(({ roomId }) => (roomId < 100 ? 'room' : null)),
  );
  const call = async (
    { pattern }: { pattern: string },
    request: Ask & { asks?: Ask[] },
    { key }: { key: unknown },
  ) => {
    const asks = request.asks ?? [request];
    calls.push({ pattern, rooms: asks.map(({ roomId }) => roomId), key });
    await Promise.resolve();
    if (request.asks) return { kinds: kindsOf(asks) };
    if (request.roomId >= 200) throw new AppError('ROOM_NOT_FOUND');
    return { kind: request.roomId >= 100 ? 'direct' : 'room' };
  };
  const admissions = new Admissions({
    instanceFor: (_contract, key) => `logic-${Number(key) % 2}`,
    call: call as unknown as RpcClient['call'],
  });
  const ask = (...roomIds: number[]) =>
    Promise.allSettled(roomIds.map((roomId) => admissions.admit(1, roomId))).then((results) =>
      results.map((result) =>
        result.status === 'fulfilled' ? result.value : (result.reason as AppError).code,
      ),
    );
  return { admissions, ask, calls, kindsOf };
}

describe('admissions', () => {
  it('of one turn are one call to each instance of logic', async () => {
    const { ask, calls } = setUp();
    expect(await ask(2, 3, 4, 2, 5)).toEqual(['room', 'room', 'room', 'room', 'room']);
    expect(calls).toEqual([
      { pattern: 'logic.admitMany', rooms: [2, 4, 2], key: 2 },
      { pattern: 'logic.admitMany', rooms: [3, 5], key: 3 },
    ]);
  });

  it('of one are a call of its own, and so are those of a later turn', async () => {
    const { ask, calls } = setUp();
    await ask(2);
    await ask(4);
    expect(calls.map(({ pattern, rooms }) => [pattern, ...rooms])).toEqual([
      ['logic.admit', 2],
      ['logic.admit', 4],
    ]);
  });

  it('that logic has not at hand are asked alone, and what it refuses is refused', async () => {
    const { ask, calls } = setUp();
    expect(await ask(2, 100, 200)).toEqual(['room', 'direct', 'ROOM_NOT_FOUND']);
    expect(calls.map(({ pattern, rooms }) => [pattern, ...rooms])).toEqual([
      ['logic.admitMany', 2, 100, 200],
      ['logic.admit', 100],
      ['logic.admit', 200],
    ]);
  });

  it('do not wait for one that has to be asked alone', async () => {
    const { admissions, kindsOf } = setUp();
    kindsOf.mockReturnValueOnce([null, 'room']);
    const order: number[] = [];
    const ask = (roomId: number) => admissions.admit(1, roomId).then(() => order.push(roomId));
    await Promise.all([ask(4), ask(2)]);
    expect(order).toEqual([2, 4]);
  });

  it('of a crowd are several calls, each with as many as it may have', async () => {
    const { ask, calls } = setUp();
    await ask(...Array.from({ length: rpcLimits.maxAdmissionsPerCall + 1 }, () => 2));
    expect(calls.map(({ rooms }) => rooms.length)).toEqual([rpcLimits.maxAdmissionsPerCall, 1]);
  });

  it('are asked one by one of a logic that does not know the call', async () => {
    const { ask, calls, kindsOf } = setUp();
    kindsOf.mockImplementation(() => {
      throw new AppError('UNAVAILABLE');
    });
    expect(await ask(2, 200)).toEqual(['room', 'ROOM_NOT_FOUND']);
    expect(calls.map(({ pattern }) => pattern)).toEqual(['logic.admitMany', 'logic.admit', 'logic.admit']);
  });

  it('fail together with their call', async () => {
    const { ask, calls, kindsOf } = setUp();
    kindsOf.mockImplementation(() => {
      throw new AppError('DEADLINE_EXCEEDED');
    });
    expect(await ask(2, 4)).toEqual(['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED']);
    expect(calls).toHaveLength(1);
  });

  it('have logic make a head in the name of somebody', async () => {
    const { admissions, calls } = setUp();
    await admissions.ensureHead(1, 6);
    expect(calls).toEqual([{ pattern: 'logic.admit', rooms: [6], key: 6 }]);
    await expect(admissions.ensureHead(1, 200)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' });
  });
});
