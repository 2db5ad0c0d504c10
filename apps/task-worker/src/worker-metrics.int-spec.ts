import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, expect, it } from 'vitest';
import { workerWorld } from './testing/worker-world.js';

afterAll(async () => (await sharedRedis()).stop());

/** The value of one line of the metrics. */
const valueIn = (text: string, line: string) =>
  Number(
    text
      .split('\n')
      .find((each) => each.startsWith(`${line} `))
      ?.split(' ')[1],
  );

it('a worker shows how long messages took, which wait, and for how long', async () => {
  const { gateway, join, send, worker, archive } = await workerWorld(
    (await sharedRedis()).url,
    uniquePrefix('worker'),
  );
  const gw = await gateway('gw-1');
  await join(1, 'gw-1');
  let written: () => void = () => undefined;
  archive.onCall = () => new Promise((resolve) => (written = () => resolve(undefined)));
  const { metrics } = await worker('w');
  const value = async (line: string) => valueIn(await metrics.metrics(), line);

  // The first trim tells the worker what Redis's clock shows.
  await eventually(async () => expect(await value('parley_shards_owned')).toBe(1));
  await send(1);
  await eventually(() => expect(archive.calls).toEqual([[1]]));
  await eventually(async () => {
    expect(await value('parley_queue_oldest_seconds{group="archive"}')).toBeGreaterThan(0.2);
    expect(await value('parley_queue_oldest_seconds{group="dispatch"}')).toBe(0);
  });
  expect(await value('parley_queue_pending_entries{group="archive"}')).toBe(1);
  expect(await value('parley_archive_seconds_count')).toBe(0);

  await send(1, 5);
  await eventually(() => gw.expectAll(1, 6));
  await eventually(async () =>
    expect(await value('parley_dispatch_seconds_count')).toBeGreaterThanOrEqual(5),
  );
  archive.onCall = () => Promise.resolve(undefined);
  written();
  await eventually(async () => {
    expect(await value('parley_archive_seconds_count')).toBe(6);
    expect(await value('parley_queue_oldest_seconds{group="archive"}')).toBe(0);
    expect(await value('parley_lane_entries')).toBe(0);
  });
  // By the clock of Redis: the first one waited for as long as the queue said.
  expect(await value('parley_archive_seconds_sum')).toBeGreaterThan(0.2);
  expect(await value('parley_archive_seconds_bucket{le="0.1"}')).toBeLessThan(6);
});
