import { describe, expect, it, vi } from 'vitest';
import { DURATION_BUCKETS } from './durations.js';
import { EVENT_LOOP_SAMPLE_MS, EventLoopWatch } from './event-loop.js';
import { MetricsRegistry } from './metrics.js';

const lines = async (registry: MetricsRegistry, name: string) =>
  (await registry.getSingleMetricAsString(name)).split('\n').filter((line) => !line.startsWith('#'));

describe('durations', () => {
  it('are counted in every bucket that they fit into, as often as is said', async () => {
    const registry = new MetricsRegistry();
    const wait = registry.durations({ name: 'wait_seconds', help: 'Wait.', labels: ['way'] }).of('in');
    wait.observe(0.0005);
    wait.observe(0.07, 3);
    wait.observe(61);
    const shown = await lines(registry, 'wait_seconds');
    expect(shown).toHaveLength(DURATION_BUCKETS.length + 3);
    for (const line of [
      'wait_seconds_bucket{way="in",le="0.0005"} 1',
      'wait_seconds_bucket{way="in",le="0.05"} 1',
      'wait_seconds_bucket{way="in",le="0.1"} 4',
      'wait_seconds_bucket{way="in",le="60"} 4',
      'wait_seconds_bucket{way="in",le="+Inf"} 5',
      'wait_seconds_count{way="in"} 5',
    ])
      expect(shown).toContain(line);
    expect(Number(shown.find((line) => line.includes('_sum'))?.split(' ')[1])).toBeCloseTo(61.2105);
  });

  it.each([-1, NaN])('of %s do not spoil the sum', async (seconds) => {
    const registry = new MetricsRegistry();
    registry.durations({ name: 'wait_seconds', help: 'Wait.' }).of().observe(seconds);
    expect(await lines(registry, 'wait_seconds')).toEqual(
      expect.arrayContaining([
        'wait_seconds_sum 0',
        'wait_seconds_count 1',
        'wait_seconds_bucket{le="0.0005"} 1',
      ]),
    );
  });
});

describe('a labelled metric', () => {
  it('has one child for the same values, and one metric for the same name', async () => {
    const registry = new MetricsRegistry();
    const spec = { name: 'refused_total', help: 'Refused.', labels: ['code'] };
    expect(registry.tally(spec)).toBe(registry.tally(spec));
    const child = registry.tally(spec).of('A');
    child.add();
    registry.tally(spec).of('A').add(4);
    registry.tally(spec).of('B');
    expect(await lines(registry, 'refused_total')).toEqual([
      'refused_total{code="A"} 5',
      'refused_total{code="B"} 0',
    ]);
  });

  it('is named before it has a child: whoever writes a rule finds it', async () => {
    const registry = new MetricsRegistry();
    registry.tally({ name: 'refused_total', help: 'Refused.', labels: ['code'] });
    expect(await registry.metrics()).toContain(
      '# HELP refused_total Refused.\n# TYPE refused_total counter\n',
    );
  });

  it('cannot be broken by what its labels hold', async () => {
    const registry = new MetricsRegistry();
    registry
      .tally({ name: 'refused_total', help: 'Refused.', labels: ['code'] })
      .of('a"\n\\b')
      .add();
    expect(await lines(registry, 'refused_total')).toEqual(['refused_total{code="a\\"\\n\\\\b"} 1']);
  });
});

it('says how late the event loop was, and nothing of the pause between two looks', () => {
  vi.useFakeTimers();
  const observe = vi.fn();
  const watch = new EventLoopWatch({ observe });
  watch.onApplicationBootstrap();
  vi.advanceTimersByTime(EVENT_LOOP_SAMPLE_MS);
  expect(observe).toHaveBeenLastCalledWith(0);
  const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + EVENT_LOOP_SAMPLE_MS + 250);
  vi.advanceTimersByTime(EVENT_LOOP_SAMPLE_MS);
  expect(observe.mock.lastCall?.[0]).toBeCloseTo(0.25);
  now.mockRestore();
  watch.onApplicationShutdown();
  const { length } = observe.mock.calls;
  vi.advanceTimersByTime(10 * EVENT_LOOP_SAMPLE_MS);
  expect(observe.mock.calls).toHaveLength(length);
  vi.useRealTimers();
});
