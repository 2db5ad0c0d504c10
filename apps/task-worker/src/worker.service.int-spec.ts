import { loadConfig } from '@parley/config';
import { HealthRegistry, MetricsRegistry } from '@parley/observability';
import { consumerGroups, DispatchStreams, type ConsumerGroup, type StreamItem } from '@parley/queue';
import {
  EventBus,
  LeaseStore,
  LineStore,
  RedisConnections,
  RedisKeys,
  type DatabaseLife,
} from '@parley/redis';
import { MemoryRegistry } from '@parley/registry';
import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ArchiverService } from './archiver.service.js';
import { DispatcherService } from './dispatcher.service.js';
import { stub } from './testing/stub.js';
import { WorkerService } from './worker.service.js';

afterAll(async () => (await sharedRedis()).stop());

/** A worker that reads everything and finishes nothing until it is told to. */
async function stuckWorker(maxPendingEntries: number, shardCount = 1) {
  const { url } = await sharedRedis();
  const loaded = loadConfig('task-worker', {
    env: {
      PARLEY_INSTANCE_ID: 'w',
      PARLEY_SHARD_COUNT: String(shardCount),
      PARLEY_LOG_LEVEL: 'silent',
      PARLEY_MAX_PENDING_ENTRIES: String(maxPendingEntries),
    },
  });
  const keys = new RedisKeys(uniquePrefix('worker'), { shardCount, shardOf: () => 0 });
  const connections = new RedisConnections(url);
  const registry = new MemoryRegistry({ leaseTtlMs: 600_000 });
  await registry.register({
    instanceId: 'w',
    service: 'task-worker',
    state: 'ready',
    address: '',
    version: '1',
    load: 0,
    startedAt: 0,
  });
  const read: Record<ConsumerGroup, StreamItem[]> = { dispatch: [], archive: [] };
  const health = new HealthRegistry();
  const metrics = new MetricsRegistry();
  const worker = new WorkerService(
    loaded,
    registry,
    stub<DispatcherService>('DispatcherService', {
      configure: () => undefined,
      dispatch: (items) => {
        read.dispatch.push(...items);
        return Promise.resolve();
      },
    }),
    stub<ArchiverService>('ArchiverService', {
      archive: (items) => {
        read.archive.push(...items);
        return Promise.resolve({ archived: [], foreign: [] });
      },
      stop: () => undefined,
    }),
    health,
    metrics,
    new LeaseStore(connections.main, keys),
    connections,
    keys,
    new LineStore(connections.main, keys, 120_000),
    new EventBus(connections, keys),
    stub<DatabaseLife>('DatabaseLife', { current: undefined, onChanged: () => undefined }),
  );
  onTestFinished(async () => {
    await finishAll();
    await worker.stop();
    await registry.close();
    connections.close();
  });
  await worker.start();

  const add = async (count: number) => {
    const pipeline = connections.main.pipeline();
    for (let i = 0; i < count; i++)
      pipeline.xadd(keys.dispatch(0), '*', 'r', 1, 's', i + 1, 'e', 'e', 'b', '{"code":0', 't', '');
    await pipeline.exec();
  };
  /** Empties the stream, as acknowledging and trimming do for whole nodes of it. */
  const finishAll = async () => {
    for (const group of consumerGroups)
      await new DispatchStreams(connections.main, keys).ack(group, 0, [
        '0-1',
        ...read[group].map((r) => r.streamId),
      ]);
    await connections.main.xtrim(keys.dispatch(0), 'MAXLEN', 0);
  };
  const entries = async () =>
    Number(
      /^parley_stream_entries (\d+)$/m.exec(
        await metrics.getSingleMetricAsString('parley_stream_entries'),
      )?.[1],
    );
  return { add, finishAll, entries, health, main: connections.main, keys, read };
}

describe('a backlog', () => {
  it('below half of the bound leaves the worker ready; at half it is unready, until the stream is emptied', async () => {
    const { add, finishAll, entries, health } = await stuckWorker(40);
    await add(19);
    await eventually(async () => expect(await entries()).toBe(19));
    expect(await health.failing()).toEqual({});
    await add(1);
    await eventually(
      async () => expect(await health.failing()).toEqual({ backlog: 'the streams are filling up' }),
      { timeoutMs: 5_000 },
    );
    expect(await entries()).toBe(20);
    await finishAll();
    await eventually(async () => expect(await health.failing()).toEqual({}), { timeoutMs: 5_000 });
    expect(await entries()).toBe(0);
  });
});

// What was read for nobody stayed pending for ever: the stream was not trimmed any more, and in the end took no sends.
it.each(consumerGroups)(
  'an entry that is pending in nobody’s hands is read again by the group %s, without further traffic',
  async (group) => {
    const { add, main, keys, read } = await stuckWorker(1_000);
    await add(1);
    await eventually(() => expect(read[group]).toHaveLength(1));
    const [other] = consumerGroups.filter((one) => one !== group) as [ConsumerGroup];
    // In one transaction: the worker's own reads are served after it.
    await main
      .multi()
      .xadd(keys.dispatch(0), '*', 'r', 1, 's', 2, 'e', 'e', 'b', '{"code":0', 't', '')
      .xreadgroup('GROUP', group, 'owner', 'STREAMS', keys.dispatch(0), '>')
      .xreadgroup('GROUP', other, 'owner', 'STREAMS', keys.dispatch(0), '>')
      .exec();
    // The other group has finished everything: what it has pending says nothing.
    const ids = (await main.xrange(keys.dispatch(0), '-', '+')).map(([id]) => id);
    await main.xack(keys.dispatch(0), other, ...ids);
    const last = ids.at(-1);
    await eventually(() => expect(read[group].map(({ streamId }) => streamId)).toContain(last), {
      timeoutMs: 8_000,
    });
  },
);

// A trim that failed took the shards behind it off the list: they were looked at again half a minute later.
it('a trim that fails is made up for at the next one, for its shard and for those behind it', async () => {
  const trim = vi.spyOn(DispatchStreams.prototype, 'trim');
  onTestFinished(() => trim.mockRestore());
  trim.mockRejectedValueOnce(new Error('away'));
  await stuckWorker(40, 2);
  await eventually(() => expect(trim.mock.calls.slice(1)).toEqual(expect.arrayContaining([[0], [1]])), {
    timeoutMs: 8_000,
  });
});
