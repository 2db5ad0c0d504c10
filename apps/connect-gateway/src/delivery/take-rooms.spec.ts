import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { takeRooms, type RoomToTake } from './take-rooms.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** Rooms that note when they are asked, and take as they are told. */
function setUp() {
  const asked: number[] = [];
  const room = (roomId: number, take: () => Promise<void>, isFromLog = false): RoomToTake => ({
    roomId,
    isFromLog,
    take: () => {
      asked.push(roomId);
      return take();
    },
  });
  return { asked, room };
}
const atOnce = () => Promise.resolve();
const never = () => new Promise<void>(() => undefined);

describe('takeRooms', () => {
  it('answers when all have taken, and names those that could not', async () => {
    const { room } = setUp();
    const error = new Error('no log');
    const rooms = [room(1, atOnce), room(2, () => Promise.reject(error), true), room(3, atOnce, true)];
    expect(await takeRooms(rooms, true)).toEqual(new Map([[2, error]]));
  });

  // The answer waited for the slowest room: those of the next call waited with it.
  it.each([
    [true, 300],
    [false, 1_800],
  ])('does not wait for a room that takes its time (partial: %s)', async (isPartial, withinMs) => {
    const { room } = setUp();
    let failed: number[] | undefined;
    const rooms = [room(1, never), room(2, atOnce), room(3, atOnce, true)];
    void takeRooms(rooms, isPartial).then((failures) => (failed = [...failures.keys()]));
    await vi.advanceTimersByTimeAsync(withinMs - 1);
    expect(failed).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(failed).toEqual([1]);
  });

  it('has eight rooms read their logs at once, and leaves the rest for another call when time is up', async () => {
    const { asked, room } = setUp();
    const answers: (() => void)[] = [];
    const slow = () => new Promise<void>((resolve) => answers.push(resolve));
    const ids = Array.from({ length: 10 }, (_, i) => i + 1);
    const answer = takeRooms(
      ids.map((id) => room(id, slow, true)),
      true,
    );
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toEqual(ids.slice(0, 8));
    answers[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toEqual(ids.slice(0, 9));
    await vi.advanceTimersByTimeAsync(300);
    expect([...(await answer).keys()]).toEqual(ids.slice(1));
    answers.forEach((resolve) => resolve());
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).not.toContain(10);
  });

  it('leaves no timer behind, and takes no late failure for an answer', async () => {
    const { room } = setUp();
    await takeRooms([room(1, atOnce)], true);
    expect(vi.getTimerCount()).toBe(0);
    let fail: ((error: Error) => void) | undefined;
    const answer = takeRooms([room(1, () => new Promise((_, reject) => (fail = reject)))], true);
    await vi.advanceTimersByTimeAsync(300);
    const failures = await answer;
    fail?.(new Error('too late'));
    await vi.advanceTimersByTimeAsync(0);
    expect(failures.get(1)).toMatchObject({ code: 'OVERLOADED' });
  });
});
