import { AppError } from '@parley/protocol';
import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { workerWorld } from './testing/worker-world.js';

afterAll(async () => (await sharedRedis()).stop());

const world = async (options: { shardCount?: number } = {}) =>
  workerWorld((await sharedRedis()).url, uniquePrefix('worker'), options);

const refuse = () => Promise.reject(new AppError('UNAVAILABLE'));
const seqs = (entries: readonly { seq: number }[]) => entries.map(({ seq }) => seq);
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('the archive', () => {
  it('has a message before that is acknowledged to the stream, and dispatch does not wait for it', async () => {
    const { gateway, join, send, worker, pending, archive, main, keys } = await world();
    const gw = await gateway('gw-1');
    await join(1, 'gw-1');
    let written: () => void = () => undefined;
    archive.onCall = () => new Promise((resolve) => (written = () => resolve(undefined)));
    await worker('w');
    await send(1);
    await eventually(() => expect(archive.calls).toEqual([[1]]));
    await send(1, 5);
    await eventually(() => gw.expectAll(1, 6));
    await eventually(async () => expect(await pending('dispatch')).toBe(0));
    expect([archive.calls, archive.kept]).toEqual([[[1]], []]);
    // Whether those behind it have been read meanwhile or not.
    const [first] = await main.xrange(keys.dispatch(0), '-', '+', 'COUNT', 1);
    expect((await main.xpending(keys.dispatch(0), 'archive'))[1]).toBe(first?.[0]);
    archive.onCall = () => Promise.resolve(undefined);
    written();
    await eventually(async () => expect(await pending('archive')).toBe(0));
    await eventually(() => expect(seqs(archive.kept)).toEqual(numbers(1, 6)));
  });

  it('that refuses leaves everything pending and in the stream, and is offered it until it takes it', async () => {
    const { gateway, join, send, worker, pending, archive, main, keys, rooms } = await world();
    const gw = await gateway('gw-1');
    await join(1, 'gw-1');
    archive.onCall = refuse;
    await send(1, 300);
    await worker('w', { PARLEY_ARCHIVE_BATCH_SIZE: 500 });
    await eventually(() => gw.expectAll(1, 300));
    await eventually(async () => expect(await pending('dispatch')).toBe(0));
    await eventually(() => expect(archive.calls.length).toBeGreaterThan(3));
    expect(await main.xlen(keys.dispatch(0))).toBe(300);
    // One read, of which the first call is a part: the rest waits behind it.
    expect(await pending('archive')).toBe(300);
    expect(new Set(archive.calls.map(String))).toEqual(new Set([String(numbers(1, 128))]));
    // What SQL has is said by who writes it, and by nobody else.
    expect((await rooms.watermarks(1)).archived).toBe(0);
    archive.onCall = () => Promise.resolve(undefined);
    await eventually(() => expect(seqs(archive.kept)).toEqual(numbers(1, 300)));
    await eventually(async () => expect(await pending('archive')).toBe(0));
    // And the stream is trimmed, in whole nodes of 100.
    await eventually(async () => expect(await main.xlen(keys.dispatch(0))).toBeLessThan(100));
  });

  it('of another database than the one it was read for is not written to: it is read again', async () => {
    const { send, worker, pending, archive, database } = await world();
    database.current = 'old';
    const lives: (string | undefined)[] = [];
    archive.onCall = (_, life) => {
      lives.push(life);
      return Promise.resolve(life === 'new' ? undefined : { otherDatabase: true });
    };
    await worker('w');
    await send(1, 2);
    await eventually(() => expect(database.reloads).toBeGreaterThan(0));
    expect([await pending('archive'), archive.kept]).not.toContain(0);
    expect(archive.kept).toEqual([]);
    database.current = 'new';
    await eventually(() => expect(seqs(archive.kept)).toEqual([1, 2]));
    await eventually(async () => expect(await pending('archive')).toBe(0));
    expect(new Set(lives)).toEqual(new Set(['old', 'new']));
  });

  // They stayed pending until the look at all shards, half a minute later.
  it('is given what was pending when its database went away, as soon as that is back', async () => {
    const { send, worker, pending, archive, database, main, keys } = await world();
    database.current = 'ours';
    archive.onCall = () => Promise.resolve({ otherDatabase: true });
    const { service } = await worker('w');
    await send(1, 2);
    await eventually(async () => expect(await pending('archive')).toBe(2));
    const trims = vi.spyOn(service['streams'], 'trim');
    await main.rename(keys.dispatch(0), keys.dispatchOf(0, 'ours'));
    database.change('theirs');
    // Its own stream is empty, and once that was seen nothing is expected of it.
    await eventually(async () => expect(await main.xinfo('GROUPS', keys.dispatch(0))).toHaveLength(2));
    await eventually(() => {
      const seen = trims.mock.settledResults.map(({ value }) => value as object);
      expect(seen).toContainEqual(expect.objectContaining({ pending: 0, lag: 0 }));
    });
    await main.rename(keys.dispatchOf(0, 'ours'), keys.dispatch(0));
    archive.onCall = () => Promise.resolve(undefined);
    database.change('ours');
    await eventually(() => expect(seqs(archive.kept)).toEqual([1, 2]));
    await eventually(async () => expect(await pending('archive')).toBe(0));
  });

  it('is given in one call what comes while nobody waits, and full batches at once', async () => {
    const { send, worker, archive, unread } = await world();
    await send(1, 12);
    // A pause so long that the test would not see its end.
    await worker('w', { PARLEY_ARCHIVE_BATCH_SIZE: 5, PARLEY_ARCHIVE_FLUSH_MS: 60_000 });
    await eventually(() => expect(archive.calls).toEqual([numbers(1, 5), numbers(6, 10), [11, 12]]));
    // The gateways are dispatched to meanwhile, again and again; the archive is in no hurry.
    for (let i = 0; i < 5; i++) {
      await send(1);
      await eventually(async () => expect(await unread('dispatch')).toBe(0));
    }
    expect(archive.calls).toHaveLength(3);
  });

  it('is written one batch at a time, in order; the next one is read meanwhile', async () => {
    const { send, worker, archive, pending } = await world();
    await send(1, 20);
    let written: () => void = () => undefined;
    archive.onCall = () => new Promise((resolve) => (written = () => resolve(undefined)));
    await worker('w', { PARLEY_ARCHIVE_BATCH_SIZE: 5 });
    await eventually(async () => expect(await pending('archive')).toBe(10));
    expect(archive.calls).toEqual([numbers(1, 5)]);
    archive.onCall = () => Promise.resolve(undefined);
    written();
    await eventually(() => expect(seqs(archive.kept)).toEqual(numbers(1, 20)));
    expect(archive.calls).toEqual([numbers(1, 5), numbers(6, 10), numbers(11, 15), numbers(16, 20)]);
  });

  // Whoever writes a message says that all before it are in SQL: the log would be trimmed of what is not.
  it('never has what was read behind a batch that was not written before that batch', async () => {
    const { send, worker, archive, pending, database } = await world();
    database.current = 'ours';
    await send(1, 20);
    let written: () => void = () => undefined;
    archive.onCall = () => new Promise((resolve) => (written = () => resolve({ otherDatabase: true })));
    await worker('w', { PARLEY_ARCHIVE_BATCH_SIZE: 5 });
    await eventually(async () => expect(await pending('archive')).toBe(10));
    archive.onCall = () => Promise.resolve(undefined);
    written();
    await eventually(() => expect(seqs(archive.kept)).toEqual(numbers(1, 20)));
    expect(archive.calls.slice(0, 2)).toEqual([numbers(1, 5), numbers(1, 5)]);
    await eventually(async () => expect(await pending('archive')).toBe(0));
  });

  it('keeps an entry that nobody can read apart, as it is, and goes on', async () => {
    const { send, worker, pending, archive, main, keys } = await world();
    await send(1);
    await main.xadd(keys.dispatch(0), '*', 'nonsense', 'yes');
    await send(1);
    await worker('w');
    await eventually(() => expect(seqs(archive.kept)).toEqual([1, 2]));
    await eventually(async () => expect(await pending('archive')).toBe(0));
    const kept = await main.xrange(keys.aside(), '-', '+');
    expect(kept.map(([, fields]) => [fields[1], JSON.parse(String(fields[3]))])).toEqual([
      [
        'unreadable',
        { shard: 0, streamId: expect.stringMatching(/^\d+-\d+$/) as string, fields: ['nonsense', 'yes'] },
      ],
    ]);
  });
});

describe('a stream', () => {
  it('is trimmed by who takes it over long after his start, although both groups had all of it', async () => {
    const { worker, send, pending, archive, main, keys, owner } = await world({ shardCount: 2 });
    // Another has the shard, and has finished it.
    await main.set(keys.owner(0), 'another|7', 'PX', 600_000);
    await worker('w');
    await send(2, 250);
    for (const group of ['dispatch', 'archive']) {
      await main.xgroup('CREATE', keys.dispatch(0), group, '$', 'MKSTREAM');
      expect(await pending(group as 'dispatch')).toBe(0);
    }
    // The first look at all shards is over.
    await send(1);
    await eventually(() => expect(archive.kept).toHaveLength(1));
    await send(1, 250);
    await eventually(async () => expect(await main.xlen(keys.dispatch(1))).toBeLessThan(100));
    await main.del(keys.owner(0));
    await eventually(async () => expect((await owner(0))?.[0]).toBe('w'));
    await eventually(async () => expect(await main.xlen(keys.dispatch(0))).toBeLessThan(100));
  });

  it('is trimmed of what both groups have, by who owns it now, although nothing comes any more', async () => {
    const { gateway, join, send, worker, pending, archive, main, keys } = await world();
    const gw = await gateway('gw-1');
    await join(1, 'gw-1');
    archive.onCall = refuse;
    const first = await worker('a');
    await send(1, 250);
    await eventually(() => gw.expectAll(1, 250));
    await eventually(async () => expect(await pending('dispatch')).toBe(0));
    await first.kill();
    await main.del(keys.owner(0));
    expect(await main.xlen(keys.dispatch(0))).toBe(250);
    archive.onCall = () => Promise.resolve(undefined);
    await worker('b');
    await eventually(() => expect(archive.kept).toHaveLength(250));
    await eventually(async () => expect(await main.xlen(keys.dispatch(0))).toBeLessThan(100));
  });
});
