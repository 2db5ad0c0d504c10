import { AppError } from '@parley/protocol';
import { eventually, sharedRedis, startTcpProxy, uniquePrefix } from '@parley/testing';
import { afterAll, expect, it, onTestFinished, vi, type MockInstance } from 'vitest';
import { workerWorld } from './testing/worker-world.js';

afterAll(async () => (await sharedRedis()).stop());

const LEASE = { PARLEY_SHARD_LEASE_TTL_MS: 60_000 };
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const byNumber = (entries: readonly { seq: number }[]) => entries.map(({ seq }) => seq).sort((a, b) => a - b);
const take = () => Promise.resolve(undefined);

/** Something held until it is let go. */
function latch() {
  let release: () => void = () => undefined;
  const released = new Promise<undefined>((resolve) => (release = () => resolve(undefined)));
  return { released, release };
}

/**
 * A shard that will have two owners. By its own clock and view of the others the first holds it for a minute, whoever
 * `succeeds`; it has three messages in hand, which the gateway and SQL take when the latches are released. Its way to Redis
 * is a link that can be frozen: what it asks then comes there later.
 */
async function firstOwner() {
  const redis = await sharedRedis();
  const world = await workerWorld(redis.url, uniquePrefix('worker'));
  const { enlist, newRegistry, gateway, join, send, worker, main, keys, owner, pending, archive } = world;
  const gw = await gateway('gw-1');
  // Two who read one stream by turns hand over out of turn.
  gw.fillsGaps = true;
  await join(1, 'gw-1');
  await send(1, 3);
  const [delivery, writing] = [latch(), latch()];
  gw.onCall = () => delivery.released;
  archive.onCall = () => writing.released;

  const link = await startTcpProxy({ target: { host: '127.0.0.1', port: Number(new URL(redis.url).port) } });
  onTestFinished(() => link.close());
  const view = newRegistry();
  await enlist('connect-gateway', 'gw-1', 'ready', view);
  const first = await worker('first', LEASE, { url: `redis://127.0.0.1:${link.port}`, registry: view });
  const streams = first.service['streams'];
  const asked = { acks: vi.spyOn(streams, 'ack'), trims: vi.spyOn(streams, 'trim') };
  await eventually(async () => expect([await pending('dispatch'), await pending('archive')]).toEqual([3, 3]));
  await eventually(() => expect([gw.requests.length, archive.calls]).toEqual([1, [[1, 2, 3]]]));
  gw.onCall = archive.onCall = take;

  const succeed = async () => {
    await main.del(keys.owner(0));
    await worker('second', LEASE);
    await eventually(async () => expect((await owner())?.[0]).toBe('second'));
  };
  const settled = () =>
    eventually(async () => expect([await pending('dispatch'), await pending('archive')]).toEqual([0, 0]));
  const streamed = () => main.xlen(keys.dispatch(0));
  return { ...world, gw, link, delivery, writing, asked, succeed, settled, streamed };
}

/** Calls without an answer. */
const underWay = (spy: MockInstance) =>
  spy.mock.settledResults.filter(({ type }) => type === 'incomplete').length;

// Redis compares no fences for either: an acknowledgement names what SQL and the gateways have, and the script that trims
// looks at the groups as they are when it comes.
it('acknowledgements and a trim that come after the successor’s take nothing from it', async () => {
  const { gw, link, delivery, writing, asked, succeed, settled, streamed, send, archive, pending } =
    await firstOwner();
  link.freeze();
  delivery.release();
  writing.release();
  await eventually(() => expect([underWay(asked.acks), underWay(asked.trims)]).toEqual([2, 1]));
  expect([await pending('dispatch'), await pending('archive')]).toEqual([3, 3]);
  await succeed();
  await settled();
  // The successor has handed over what the first one had, and has more in hand than Redis keeps in a node.
  archive.onCall = () => Promise.reject(new AppError('UNAVAILABLE'));
  await send(1, 250);
  await eventually(() => gw.expectAll(1, 253));
  await eventually(async () => expect(await pending('dispatch')).toBe(0));
  const late = asked.acks.mock.calls.length;
  link.thaw();
  await eventually(() => {
    const answers = [...asked.acks.mock.settledResults.slice(0, late), asked.trims.mock.settledResults[0]];
    expect(answers.map((answer) => answer?.type)).toEqual(answers.map(() => 'fulfilled'));
  });
  expect([byNumber(archive.kept), await streamed()]).toEqual([[1, 2, 3], 253]);
  // Two read the shard now, each in the belief that it is his.
  await send(1, 20);
  await eventually(() => gw.expectAll(1, 273));
  archive.onCall = take;
  await eventually(() => expect(byNumber(archive.kept)).toEqual(numbers(1, 273)));
  await settled();
  await eventually(async () => expect(await streamed()).toBeLessThan(100));
});

it('a batch that comes to SQL after the successor has archived it and more is there once, and nothing else is', async () => {
  const { gw, delivery, writing, asked, succeed, settled, send, archive, pending } = await firstOwner();
  await succeed();
  await eventually(() => expect(byNumber(archive.kept)).toEqual([1, 2, 3]));
  archive.onCall = () => Promise.reject(new AppError('UNAVAILABLE'));
  const offered = archive.calls.length;
  await send(1, 5);
  await eventually(() => expect(archive.calls.length).toBeGreaterThan(offered));
  delivery.release();
  writing.release();
  await eventually(() => expect(asked.acks.mock.calls.map(([group]) => group)).toContain('archive'));
  await eventually(() => expect(underWay(asked.acks)).toBe(0));
  expect([byNumber(archive.kept), await pending('archive')]).toEqual([[1, 2, 3], 5]);
  archive.onCall = take;
  await eventually(() => expect(byNumber(archive.kept)).toEqual(numbers(1, 8)));
  await settled();
  gw.expectAll(1, 8);
});
