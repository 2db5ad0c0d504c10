import type { RoomPosition } from '@parley/redis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Expectation } from './expectation.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const at = (seq: number): RoomPosition => ({ seq, epoch: 'A' });

/** Of a room that has come to 5. */
function setUp(pull: () => Promise<void> = async () => undefined) {
  const room = { tail: 5 };
  const pulled: number[] = [];
  const expectation = new Expectation(
    () => room.tail,
    async ({ seq }) => {
      pulled.push(seq);
      await pull();
    },
  );
  return { room, pulled, expectation };
}

describe('Expectation', () => {
  it('pulls what has not come within half a second', () => {
    const { expectation, pulled } = setUp();
    expectation.expect(at(6));
    expect(expectation.isPending).toBe(true);
    vi.advanceTimersByTime(499);
    expect(pulled).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(pulled).toEqual([6]);
    expect(expectation.isPending).toBe(false);
  });

  it('waits for nothing that the room has', () => {
    const { expectation } = setUp();
    for (const seq of [1, 4, 5]) expectation.expect(at(seq));
    expect(expectation.isPending).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('pulls nothing that has come meanwhile', () => {
    const { expectation, pulled, room } = setUp();
    expectation.expect(at(6));
    room.tail = 6;
    vi.advanceTimersByTime(1_000);
    expect([pulled, expectation.isPending]).toEqual([[], false]);
  });

  it('pulls once for all that is waited for, up to the highest, half a second after the first', () => {
    const { expectation, pulled } = setUp();
    expectation.expect(at(6));
    vi.advanceTimersByTime(300);
    expectation.expect(at(9));
    expectation.expect(at(8));
    vi.advanceTimersByTime(200);
    expect(pulled).toEqual([9]);
    vi.advanceTimersByTime(10_000);
    expect(pulled).toEqual([9]);
  });

  it('waits anew for what is expected after that', () => {
    const { expectation, pulled, room } = setUp();
    expectation.expect(at(9));
    vi.advanceTimersByTime(500);
    room.tail = 6;
    // The pull is under way, or has failed: lower than before, and still not here.
    expectation.expect(at(7));
    vi.advanceTimersByTime(500);
    expect(pulled).toEqual([9, 7]);
  });

  it('leaves what cannot be read now to others', async () => {
    const { expectation, pulled } = setUp(() => Promise.reject(new Error('away')));
    expectation.expect(at(6));
    await vi.advanceTimersByTimeAsync(10_000);
    expect([pulled, vi.getTimerCount()]).toEqual([[6], 0]);
  });

  it('pulls nothing once it is over', () => {
    const { expectation, pulled } = setUp();
    expectation.expect(at(6));
    expectation.end();
    vi.advanceTimersByTime(10_000);
    expect(pulled).toEqual([]);
  });
});
