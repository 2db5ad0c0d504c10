import { AppError } from '@parley/protocol';
import { eventually, startRedis, startTcpProxy, uniquePrefix } from '@parley/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ReplicatedLane, unsupportedLevel, type AckLevel } from './replicated-lane.js';
import { connect, testKeys } from './store.fixture.js';

const keys = testKeys(uniquePrefix('replicated'));

/** A primary behind an address that can be led elsewhere, and a replica behind a link that can be cut. */
async function world(level: AckLevel = { replicas: 1, fsync: false }) {
  const primary = await startRedis();
  const link = await startTcpProxy({ target: { host: '127.0.0.1', port: primary.port } });
  const replica = await startRedis({ replicaOfPort: link.port });
  const address = await startTcpProxy({ target: { host: '127.0.0.1', port: primary.port } });
  onTestFinished(async () => {
    await Promise.all([link.close(), address.close(), primary.stop(), replica.stop()]);
  });
  await replica.synced();
  const connections = connect(`redis://127.0.0.1:${address.port}`);
  const lane = new ReplicatedLane(connections, keys, 'i1', level);
  const add = (item: string, mustBeKept = true) =>
    lane.run(
      () => lane.redis.rpush('list', item),
      () => mustBeKept,
    );
  /** Added again until it was kept in time: a busy machine may be late. */
  const keep = (item: string) => eventually(() => add(item), { timeoutMs: 20_000 });
  return { primary, link, replica, address, connections, lane, add, keep };
}

const code = (error: unknown) => (error instanceof AppError ? error.code : String(error));

describe('ReplicatedLane', () => {
  it('answers once the replica has it, in order, many in one round', async () => {
    const { add, replica, primary } = await world();
    const [first = 0, ...more] = await eventually(
      () => Promise.all(['a', 'b', 'c'].map((item) => add(item))),
      { timeoutMs: 20_000 },
    );
    expect(more).toEqual([first + 1, first + 2]);
    await primary.kill();
    await replica.promote();
    expect(await connect(replica.url).main.lrange('list', -3, -1)).toEqual(['a', 'b', 'c']);
  });

  // What was acknowledged was gone when the primary was lost.
  it('answers nothing that would be gone with the primary', async () => {
    const { add, keep, primary, replica, link } = await world();
    const length = await keep('kept');
    await link.cut();
    await expect(add('too few')).rejects.toSatisfy((error) => code(error) === 'NOT_REPLICATED');
    // Nothing was written for it: no replica is asked about it.
    expect(await add('a look', false)).toBe(length + 2);
    await link.restore();
    await keep('kept, too');
    await primary.kill();
    await replica.promote();
    expect(await connect(replica.url).main.lrange('list', 0, -1)).toEqual(
      expect.arrayContaining(['kept', 'kept, too']),
    );
  });

  it('waits for what somebody else wrote before: a repetition counts like its first', async () => {
    const { lane, link, connections } = await world();
    await link.cut();
    await connections.main.set('first', 1);
    const repeated = () =>
      lane.run(
        () => lane.redis.get('first'),
        (reply) => reply !== null,
      );
    await expect(repeated()).rejects.toSatisfy((error) => code(error) === 'NOT_REPLICATED');
    await link.restore();
    await eventually(async () => expect(await repeated()).toBe('1'), { timeoutMs: 10_000 });
  });

  it('takes no answer of another server for the one that took the write', async () => {
    const { add, keep, primary, replica, link, address } = await world();
    await keep('first');
    await link.cut();
    // Taken by the old primary alone; then the address leads to one without a need for replicas to be asked.
    const early = add('lost').catch(code);
    await replica.promote();
    address.retarget({ host: '127.0.0.1', port: replica.port });
    await primary.kill();
    expect(await early).toBeTypeOf('string');
    // It goes on there, as soon as that has a replica.
    await primary.restart();
    await primary.follow(replica.port);
    await keep('again');
    expect(await connect(replica.url).main.lrange('list', 0, -1)).not.toContain('lost');
  });

  it('says whether it can', async () => {
    const { lane, link } = await world();
    await eventually(async () => expect(await lane.check()).toBe(true), { timeoutMs: 20_000 });
    await link.cut();
    expect(await lane.check()).toBe('too few replicas have what is written');
  });
});

it('is refused where the server could never answer for it', async () => {
  const server = await startRedis({ appendOnly: false });
  onTestFinished(() => server.stop());
  const { main } = connect(server.url);
  expect(await unsupportedLevel(main, { replicas: 3, fsync: false })).toBeUndefined();
  // By version: without the command, or without the file it is about.
  expect(await unsupportedLevel(main, { replicas: 0, fsync: true })).toMatch(/WAITAOF|append file/);
});
