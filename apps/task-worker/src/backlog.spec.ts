import { describe, expect, it } from 'vitest';
import { Backlog } from './backlog.js';

function setUp() {
  const world = { owned: [1, 2], nowMs: 0 };
  const alarms: number[] = [];
  const backlog = new Backlog({
    maxPendingEntries: 100,
    owned: () => world.owned,
    onAlarm: (entries) => alarms.push(entries),
    now: () => world.nowMs,
  });
  return { world, alarms, backlog };
}

describe('Backlog', () => {
  it('is fine below half of the bound, and too long at it; then fine again', () => {
    const { backlog, alarms } = setUp();
    expect(backlog.isTooLong).toBe(false);
    backlog.measured(1, 20);
    backlog.measured(2, 29);
    expect([backlog.total, backlog.isTooLong]).toEqual([49, false]);
    expect(alarms).toEqual([]);
    backlog.measured(2, 30);
    expect([backlog.total, backlog.isTooLong]).toEqual([50, true]);
    expect(alarms).toEqual([50]);
    backlog.measured(1, 0);
    expect([backlog.total, backlog.isTooLong]).toEqual([30, false]);
  });

  it('counts the shards owned here only', () => {
    const { backlog, world } = setUp();
    backlog.measured(1, 10);
    backlog.measured(2, 90);
    world.owned = [1];
    expect([backlog.total, backlog.isTooLong]).toEqual([10, false]);
  });

  it('repeats the alarm every ten seconds while it holds, and at once when it begins anew', () => {
    const { backlog, world, alarms } = setUp();
    const at = (nowMs: number, length: number) => {
      world.nowMs = nowMs;
      backlog.measured(1, length);
    };
    at(0, 60);
    at(9_999, 70);
    expect(alarms).toEqual([60]);
    at(10_000, 80);
    expect(alarms).toEqual([60, 80]);
    at(11_000, 49);
    at(12_000, 55);
    expect(alarms).toEqual([60, 80, 55]);
  });
});
