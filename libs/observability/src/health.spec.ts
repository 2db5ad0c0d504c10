import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HealthRegistry } from './health.js';
import { MetricsRegistry } from './metrics.js';

describe('HealthRegistry', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('names what fails and why', async () => {
    const health = new HealthRegistry();
    health.register('fine', () => true);
    health.register('bad', () => Promise.resolve(false));
    health.register('worded', () => 'too many pending entries');
    health.register('broken', () => {
      throw new Error('redis://:hunter2@host');
    });
    health.register('silent', () => new Promise(() => undefined));
    const failing = health.failing();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await failing).toEqual({
      bad: 'failing',
      worded: 'too many pending entries',
      broken: 'failing',
      silent: 'timed out',
    });
  });

  it('asks at most once a second, however often it is asked', async () => {
    const health = new HealthRegistry();
    const check = vi.fn(() => true);
    health.register('counted', check);
    await Promise.all([health.failing(), health.failing()]);
    await vi.advanceTimersByTimeAsync(1_000);
    await health.failing();
    expect(check).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    await health.failing();
    expect(check).toHaveBeenCalledTimes(2);
  });

  // A server clock set back an hour kept the last answer for an hour: ready, whatever failed.
  it('asks again when the clock is set back', async () => {
    const health = new HealthRegistry();
    let fine = true;
    health.register('changing', () => fine);
    expect(await health.failing()).toEqual({});
    fine = false;
    vi.setSystemTime(Date.now() - 3_600_000);
    await vi.advanceTimersByTimeAsync(1_001);
    expect(await health.failing()).toEqual({ changing: 'failing' });
  });
});

it('gives the same metric for the same name', async () => {
  const metrics = new MetricsRegistry();
  const counter = metrics.counter({ name: 'parley_sent_total', help: 'Sent.', labelNames: ['transport'] });
  counter.inc({ transport: 'tcp' });
  expect(metrics.counter({ name: 'parley_sent_total', help: 'Sent.' })).toBe(counter);
  metrics.gauge({ name: 'parley_open', help: 'Open.' }).set(3);
  metrics.durations({ name: 'parley_wait_seconds', help: 'Wait.' }).of().observe(0.1);
  const text = await metrics.metrics();
  expect(text).toContain('parley_sent_total{transport="tcp"} 1');
  expect(text).toContain('parley_open 3');
  expect(text).toContain('parley_wait_seconds_count 1');
  // Another app in the same process counts for itself.
  expect(await new MetricsRegistry().metrics()).not.toContain('parley_sent_total');
});
