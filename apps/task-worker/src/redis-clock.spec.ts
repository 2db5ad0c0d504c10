import { expect, it } from 'vitest';
import { QueueAges } from './queue-ages.js';
import { RedisClock } from './redis-clock.js';

function world() {
  let nowMs = 1_000;
  const clock = new RedisClock(() => nowMs);
  return { clock, now: () => nowMs, go: (ms: number) => (nowMs += ms) };
}

it('knows no age before it has been told the time', () => {
  const { clock } = world();
  expect(clock.ageOf('5-0')).toBeUndefined();
});

it('tells ages by the clock that made the ids, whatever this machine calls the time of day', () => {
  const { clock, go, now } = world();
  const askedAt = now();
  go(20);
  // Redis is in 1970: what counts is its own clock.
  clock.read(50_000, askedAt);
  expect(clock.ageOf('49000-3')).toBeCloseTo(1.01);
  go(500);
  expect(clock.ageOf('49000-3')).toBeCloseTo(1.51);
  // Made after the reading, by a clock that was set forward.
  expect(clock.ageOf('99000-0')).toBe(0);
});

it('keeps the reading that took least, for a while', () => {
  const { clock, go, now } = world();
  clock.read(50_000, now());
  const askedAt = now();
  go(4_000);
  // Two seconds off, since nobody knows when in between it was read.
  clock.read(54_000, askedAt);
  expect(clock.ageOf('54000-0')).toBe(0);
  expect(clock.ageOf('53000-0')).toBeCloseTo(1);
  go(30_000);
  clock.read(10_000, now() - 100);
  expect(clock.ageOf('9000-0')).toBeCloseTo(1.05);
});

it('counts the oldest entry of the shards that are read here, which goes on waiting while Redis is silent', () => {
  let nowMs = 0;
  let owned = [1, 2];
  const ages = new QueueAges(
    () => owned,
    () => nowMs,
  );
  ages.measured(1, { pendingOf: { dispatch: 2, archive: 5 }, oldestMsOf: { dispatch: 0, archive: 3_000 } });
  ages.measured(2, { pendingOf: { dispatch: 1 }, oldestMsOf: { dispatch: 500 } });
  ages.measured(3, { pendingOf: { dispatch: 9 }, oldestMsOf: { dispatch: 9_000 } });
  expect([ages.oldestSeconds('dispatch'), ages.oldestSeconds('archive')]).toEqual([0.5, 3]);
  expect([ages.pending('dispatch'), ages.pending('archive')]).toEqual([3, 5]);
  nowMs = 2_000;
  expect([ages.oldestSeconds('dispatch'), ages.oldestSeconds('archive')]).toEqual([2.5, 5]);
  owned = [1];
  expect(ages.oldestSeconds('dispatch')).toBe(0);
});
