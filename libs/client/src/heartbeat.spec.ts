import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Heartbeat, LEAST_INTERVAL_MS } from './heartbeat.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A heartbeat of 20 s and 15 s; when it pinged and when it was lost, in milliseconds from its start. */
function setUp() {
  const startedAtMs = performance.now();
  const clock = { aheadMs: 0 };
  const at = () => performance.now() - startedAtMs;
  const pings: number[] = [];
  const losses: number[] = [];
  const heartbeat = new Heartbeat({
    intervalMs: 20_000,
    timeoutMs: 15_000,
    now: () => performance.now() + clock.aheadMs,
    ping: () => pings.push(at()),
    lost: () => losses.push(at()),
  });
  heartbeat.start();
  return { heartbeat, pings, losses, clock };
}

describe('a heartbeat', () => {
  it('pings when nothing came for the interval, counted from the last frame', () => {
    const { heartbeat, pings } = setUp();
    vi.advanceTimersByTime(7_000);
    heartbeat.heard();
    vi.advanceTimersByTime(19_999);
    expect(pings).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(pings).toEqual([27_000]);
  });

  it('pings again an interval after the answer, as long as answers come', () => {
    const { heartbeat, pings, losses } = setUp();
    vi.advanceTimersByTime(21_000);
    heartbeat.heard();
    vi.advanceTimersByTime(20_000);
    heartbeat.heard();
    vi.advanceTimersByTime(25_000);
    expect(pings).toEqual([20_000, 41_000, 61_000]);
    expect(losses).toEqual([]);
  });

  it('asks at once when it is told to, and goes on as before when there is an answer', () => {
    const { heartbeat, pings, losses } = setUp();
    vi.advanceTimersByTime(5_000);
    heartbeat.probe(3_000);
    vi.advanceTimersByTime(1_000);
    heartbeat.heard();
    vi.advanceTimersByTime(20_000);
    expect(pings).toEqual([5_000, 26_000]);
    heartbeat.heard();
    heartbeat.probe(3_000);
    vi.advanceTimersByTime(3_000);
    expect(losses).toEqual([29_000]);
  });

  // In a room where somebody spoke every second, a reader saw nothing for 35 s before the connection was made again.
  it('asks sooner where silence is unusual', () => {
    const { heartbeat, pings, losses } = setUp();
    for (let i = 0; i < 20; i++) {
      vi.advanceTimersByTime(500);
      heartbeat.heard();
    }
    vi.advanceTimersByTime(LEAST_INTERVAL_MS - 1);
    expect(pings).toEqual([]);
    vi.advanceTimersByTime(1 + 15_000);
    expect([pings, losses]).toEqual([[10_000 + LEAST_INTERVAL_MS], [25_000 + LEAST_INTERVAL_MS]]);
  });

  it('takes a silence for unusual that is four times as long as those lately', () => {
    const { heartbeat, pings } = setUp();
    for (let i = 0; i < 40; i++) {
      vi.advanceTimersByTime(3_000);
      heartbeat.heard();
    }
    vi.advanceTimersByTime(11_999);
    expect(pings).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(pings).toHaveLength(1);
  });

  it('asks more and more seldom, down to the interval, where it has become quiet', () => {
    const { heartbeat, pings } = setUp();
    for (let i = 0; i < 40; i++) {
      vi.advanceTimersByTime(100);
      heartbeat.heard();
    }
    const gaps: number[] = [];
    for (let asked = 0, lastAt = performance.now(); asked < 6; vi.advanceTimersByTime(100)) {
      if (pings.length === asked) continue;
      asked = pings.length;
      heartbeat.heard();
      gaps.push(performance.now() - lastAt);
      lastAt = performance.now();
    }
    expect(gaps).toEqual([...gaps].sort((a, b) => a - b));
    expect(gaps[0]).toBeLessThan(LEAST_INTERVAL_MS + 200);
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(20_000);
    expect(gaps.at(-1)).toBeLessThan(20_200);
  });

  it('doubts a connection that was silent for as long, and loses it when it is silent as long again', () => {
    const { heartbeat, pings, losses } = setUp();
    vi.advanceTimersByTime(5_000);
    for (let i = 0; i < 4; i++) {
      // Others are overdue meanwhile: the first deadline stands.
      heartbeat.doubt(5_000);
      vi.advanceTimersByTime(1_250);
    }
    expect([pings, losses]).toEqual([[5_000], [10_000]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not ask again when the answer is due as soon as a doubt would have it', () => {
    const { heartbeat, pings } = setUp();
    vi.advanceTimersByTime(5_000);
    heartbeat.doubt(5_000);
    heartbeat.doubt(5_000);
    expect(pings).toEqual([5_000]);
  });

  it('doubts none on which something has come lately', () => {
    const { heartbeat, pings } = setUp();
    vi.advanceTimersByTime(5_000);
    heartbeat.heard();
    vi.advanceTimersByTime(4_999);
    heartbeat.doubt(5_000);
    expect(pings).toEqual([]);
    vi.advanceTimersByTime(1);
    heartbeat.doubt(5_000);
    expect(pings).toEqual([10_000]);
  });

  it('doubts again once a doubt has ended', () => {
    const { heartbeat, pings, losses } = setUp();
    vi.advanceTimersByTime(5_000);
    heartbeat.doubt(5_000);
    heartbeat.heard();
    vi.advanceTimersByTime(5_000);
    heartbeat.doubt(5_000);
    vi.advanceTimersByTime(5_000);
    expect([pings, losses]).toEqual([[5_000, 10_000], [15_000]]);
  });

  it('waits no longer for the answer to a ping that has gone out than a doubt does', () => {
    const { heartbeat, pings, losses } = setUp();
    vi.advanceTimersByTime(21_000);
    heartbeat.doubt(5_000);
    vi.advanceTimersByTime(5_000);
    expect([pings, losses]).toEqual([[20_000, 21_000], [26_000]]);
    const late = setUp();
    vi.advanceTimersByTime(31_000);
    late.heartbeat.doubt(5_000);
    vi.advanceTimersByTime(4_000);
    expect([late.pings, late.losses]).toEqual([[20_000], [35_000]]);
  });

  it('says once that a connection is lost on which nothing follows a ping, and then is still', () => {
    const { pings, losses } = setUp();
    vi.advanceTimersByTime(34_999);
    expect(losses).toEqual([]);
    vi.advanceTimersByTime(100_000);
    expect(losses).toEqual([35_000]);
    expect(pings).toEqual([20_000]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('pings before it judges a machine that slept', () => {
    const { pings, losses } = setUp();
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(20_000);
    expect(pings).toHaveLength(1);
    expect(losses).toEqual([]);
  });

  it('takes an answer from within the ping', () => {
    const losses: number[] = [];
    const heartbeat = new Heartbeat({
      intervalMs: 100,
      timeoutMs: 50,
      now: () => performance.now(),
      ping: () => heartbeat.heard(),
      lost: () => losses.push(1),
    });
    heartbeat.start();
    vi.advanceTimersByTime(1_000);
    expect(losses).toEqual([]);
  });

  it('has one timer, begins anew when it is started again, and none once it is stopped', () => {
    const { heartbeat, pings } = setUp();
    vi.advanceTimersByTime(15_000);
    heartbeat.start();
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(19_999);
    expect(pings).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(pings).toEqual([35_000]);
    heartbeat.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  // For what was left of the wait nobody looked at the connection, although the answer had come.
  it('begins anew with the answer', () => {
    const { heartbeat, pings, losses } = setUp();
    vi.advanceTimersByTime(20_000);
    heartbeat.heard();
    vi.advanceTimersByTime(5_000);
    heartbeat.doubt(5_000);
    vi.advanceTimersByTime(5_000);
    expect([pings, losses]).toEqual([[20_000, 25_000], [30_000]]);
  });

  // In a room where others spoke, their last word put the doubt off until the next one.
  it('doubts once nothing has come for as long, although something came behind the question', () => {
    const { heartbeat, pings, losses } = setUp();
    vi.advanceTimersByTime(600);
    heartbeat.heard();
    vi.advanceTimersByTime(4_400);
    heartbeat.doubt(5_000);
    vi.advanceTimersByTime(5_600);
    expect([pings, losses]).toEqual([[5_600], [10_600]]);
  });

  // A message that takes longer to go out than an answer may: every connection was left before it was through.
  it('waits twice as long for each connection that was left, until one answers', () => {
    const { heartbeat, pings, losses } = setUp();
    for (const waitMs of [5_000, 10_000, 20_000, 40_000, 40_000]) {
      const leftMs = losses.at(-1) ?? 0;
      heartbeat.start();
      vi.advanceTimersByTime(5_000);
      heartbeat.doubt(5_000);
      vi.advanceTimersByTime(waitMs);
      expect(losses.at(-1)).toBe(leftMs + 5_000 + waitMs);
    }
    heartbeat.start();
    vi.advanceTimersByTime(5_000);
    heartbeat.doubt(5_000);
    heartbeat.heard();
    vi.advanceTimersByTime(5_000);
    heartbeat.doubt(5_000);
    const before = losses.length;
    vi.advanceTimersByTime(5_000);
    expect([losses.length - before, pings.length]).toEqual([1, 7]);
  });

  it('is not put off by who asks again and again', () => {
    const { heartbeat, losses } = setUp();
    for (let ms = 0; ms < 3_000; ms += 500) {
      heartbeat.probe(3_000);
      vi.advanceTimersByTime(500);
    }
    expect(losses).toEqual([3_000]);
  });

  it('asks once more when its own timer was late: what came meanwhile may not have been read', () => {
    const { losses, pings, clock } = setUp();
    vi.advanceTimersByTime(20_000);
    // The machine stands still for a minute.
    clock.aheadMs = 60_000;
    vi.advanceTimersByTime(15_000);
    expect([losses.length, pings.length]).toEqual([0, 2]);
    vi.advanceTimersByTime(15_000);
    expect(losses).toHaveLength(1);
  });

  it.each([0, Infinity])('lives with an interval of %s', (intervalMs) => {
    const pings: number[] = [];
    const heartbeat = new Heartbeat({
      ...{ intervalMs, timeoutMs: 1_000, now: () => performance.now() },
      ping: () => pings.push(1),
      lost: () => undefined,
    });
    heartbeat.start();
    // Not before whoever starts it is ready.
    expect(pings).toEqual([]);
    heartbeat.heard();
    vi.advanceTimersByTime(4_000);
    expect(pings.length > 0).toBe(intervalMs === 0);
    heartbeat.stop();
  });
});
