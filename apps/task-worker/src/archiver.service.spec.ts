import type { DispatchEntry } from '@parley/contracts';
import { MetricsRegistry } from '@parley/observability';
import { AppError, type ErrorCode } from '@parley/protocol';
import type { AsideStream } from '@parley/redis';
import type { RpcClient } from '@parley/rpc';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ArchiverService } from './archiver.service.js';
import { item } from './testing/stream-items.js';
import { stub } from './testing/stub.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp(failures = 0) {
  const calls: number[][] = [];
  const logic = { failures };
  /** What logic answers to a batch with one of these numbers in it. */
  const poison = new Map<number, ErrorCode>();
  const aside: unknown[] = [];
  const redis = { full: false };
  /** What each call said beside its entries. */
  const lives: unknown[][] = [];
  const metrics = new MetricsRegistry();
  const call = (
    contract: { pattern: string },
    request: { entries: DispatchEntry[]; databaseLife?: string },
  ) => {
    lives.push(Object.entries(request).flatMap(([name, value]) => (name === 'entries' ? [] : [name, value])));
    if (request.databaseLife === 'other') return Promise.resolve({ otherDatabase: true });
    expect(contract.pattern).toBe('logic.archive');
    const seqs = request.entries.map(({ seq }) => seq);
    calls.push(seqs);
    const code = seqs.map((seq) => poison.get(seq)).find((found) => found !== undefined);
    if (code) return Promise.reject(new AppError(code));
    return logic.failures-- > 0 ? Promise.reject(new AppError('UNAVAILABLE')) : Promise.resolve({});
  };
  const keep = (reason: string, entry: unknown) => {
    if (redis.full) return Promise.reject(new AppError('OVERLOADED'));
    aside.push([reason, (entry as DispatchEntry).seq]);
    return Promise.resolve();
  };
  const archiver = new ArchiverService(
    stub<RpcClient>('RpcClient', { call: call as unknown as RpcClient['call'] }),
    stub<AsideStream>('AsideStream', { keep }),
    metrics,
  );
  return { archiver, calls, logic, poison, aside, redis, lives, metrics, onError: vi.fn() };
}

const items = (count: number, body?: string) =>
  Array.from({ length: count }, (_, i) => item(1, i + 1, body === undefined ? {} : { body }));

describe('ArchiverService', () => {
  it('writes items in order and answers them', async () => {
    const { archiver, calls, onError } = setUp();
    const given = items(3);
    await expect(archiver.archive(given, onError)).resolves.toEqual({ archived: given, foreign: [] });
    expect(calls).toEqual([[1, 2, 3]]);
    expect(onError).not.toHaveBeenCalled();
  });

  // What a worker had in hand when the database was replaced went into the new one, under rooms of the same numbers.
  it('answers what was read for another database apart, and never mixes lives in one call', async () => {
    const { archiver, calls, onError } = setUp();
    const [one, two, three] = items(3).map((one, i) => ({
      ...one,
      databaseLife: i === 1 ? 'other' : 'ours',
    }));
    const outcome = await archiver.archive([one!, two!, three!], onError);
    expect(outcome).toEqual({ archived: [one, three], foreign: [two] });
    expect(calls).toEqual([[1], [3]]);
  });

  it('does nothing for no items', async () => {
    const { archiver, calls, onError } = setUp();
    await expect(archiver.archive([], onError)).resolves.toEqual({ archived: [], foreign: [] });
    expect(calls).toEqual([]);
  });

  it('writes 128 at a time, or a million characters', async () => {
    const { archiver, calls, onError } = setUp();
    await archiver.archive(items(128), onError);
    expect(calls.map(({ length }) => length)).toEqual([128]);

    calls.length = 0;
    await archiver.archive(items(257), onError);
    expect(calls.map(({ length }) => length)).toEqual([128, 128, 1]);
    expect(calls.flat()).toEqual(items(257).map(({ entry }) => entry.seq));

    calls.length = 0;
    await archiver.archive(items(5, 'x'.repeat(400_000)), onError);
    expect(calls.map(({ length }) => length)).toEqual([3, 2]);

    // Exactly full, and one character short of it.
    for (const [chars, lengths] of [
      [500_000, [2, 1]],
      [499_999, [3]],
    ] as const) {
      calls.length = 0;
      await archiver.archive(items(3, 'x'.repeat(chars)), onError);
      expect(calls.map(({ length }) => length)).toEqual(lengths);
    }
  });

  it('tries the same chunk again until logic answers', async () => {
    const { archiver, calls, onError } = setUp(20);
    const given = items(2);
    const archiving = archiver.archive(given, onError);
    await vi.advanceTimersByTimeAsync(60_000);
    await expect(archiving).resolves.toEqual({ archived: given, foreign: [] });
    expect(calls).toEqual(Array.from({ length: 21 }, () => [1, 2]));
    expect(onError).toHaveBeenCalledTimes(20);
  });

  it('waits longer after each failure, up to three seconds', async () => {
    const { archiver, calls, onError } = setUp(8);
    void archiver.archive(items(1), onError);
    await vi.advanceTimersByTimeAsync(0);
    for (const waitMs of [100, 200, 400, 800, 1_600, 3_000, 3_000]) {
      const made = calls.length;
      await vi.advanceTimersByTimeAsync(waitMs - 1);
      expect(calls).toHaveLength(made);
      await vi.advanceTimersByTimeAsync(1);
      expect(calls).toHaveLength(made + 1);
    }
  });

  it('writes nothing behind what it gave up, although that was half of a batch', async () => {
    const { archiver, calls, poison, onError } = setUp();
    poison.set(1, 'DEADLINE_EXCEEDED');
    const archiving = archiver.archive(items(129), onError);
    await vi.advanceTimersByTimeAsync(5_000);
    archiver.stop();
    await vi.advanceTimersByTimeAsync(5_000);
    await expect(archiving).resolves.toEqual({ archived: [], foreign: [] });
    expect(calls.every(([first]) => first === 1)).toBe(true);
    expect(calls.at(-1)).toEqual([1]);
  });

  it('counts and reports what it keeps apart', async () => {
    const { archiver, poison, aside, metrics, onError } = setUp();
    poison.set(1, 'INVALID');
    await archiver.archive(items(1), onError);
    await archiver.keepAside('unreadable', { seq: 7 });
    expect(aside).toEqual([
      ['INVALID', 1],
      ['unreadable', 7],
    ]);
    expect(await metrics.getSingleMetricAsString('parley_entries_set_aside_total')).toContain('total 2');
    expect(onError.mock.calls.map(([error]) => error as unknown)).toEqual([
      expect.objectContaining({ code: 'INVALID' }),
      expect.objectContaining({ code: 'INVALID', context: { roomId: 1, seq: 1 } }),
    ]);
  });

  it('says for which database entries were read, where that is known', async () => {
    const { archiver, lives, onError } = setUp();
    const [one, two] = items(2);
    await archiver.archive([{ ...one!, databaseLife: 'ours' }, two!], onError);
    expect(lives).toEqual([['databaseLife', 'ours'], []]);
  });

  // A batch that logic refused for one entry in it was offered again for ever: nothing behind it was archived.
  it('keeps apart what logic refuses, and writes the rest in order', async () => {
    const { archiver, calls, poison, aside, onError } = setUp();
    poison.set(3, 'INVALID').set(7, 'INVALID');
    const given = items(8);
    const archiving = archiver.archive(given, onError);
    await vi.advanceTimersByTimeAsync(60_000);
    await expect(archiving).resolves.toEqual({ archived: given, foreign: [] });
    expect(aside).toEqual([
      ['INVALID', 3],
      ['INVALID', 7],
    ]);
    expect(calls.filter((seqs) => seqs.every((seq) => !poison.has(seq))).flat()).toEqual([1, 2, 4, 5, 6, 8]);
  });

  it('takes an entry for the reason of INTERNAL after five answers, and not before', async () => {
    const { archiver, calls, poison, aside, onError } = setUp();
    poison.set(2, 'INTERNAL');
    const given = items(2);
    const archiving = archiver.archive(given.slice(1), onError);
    await vi.advanceTimersByTimeAsync(60_000);
    await expect(archiving).resolves.toEqual({ archived: given.slice(1), foreign: [] });
    expect(calls).toHaveLength(5);
    expect(aside).toEqual([['INTERNAL', 2]]);
  });

  it('offers less when a call takes too long', async () => {
    const { archiver, calls, poison, aside, onError } = setUp();
    poison.set(4, 'DEADLINE_EXCEEDED');
    const archiving = archiver.archive(items(4), onError);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls.slice(0, 4)).toEqual([[1, 2, 3, 4], [1, 2], [3, 4], [3]]);
    poison.clear();
    await vi.advanceTimersByTimeAsync(60_000);
    await expect(archiving).resolves.toMatchObject({ archived: { length: 4 } });
    expect(aside).toEqual([]);
  });

  it('waits when what is refused cannot be kept apart', async () => {
    const { archiver, poison, aside, redis, onError } = setUp();
    poison.set(1, 'INVALID');
    redis.full = true;
    const archiving = archiver.archive(items(1), onError);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(aside).toEqual([]);
    // Both are told of: that logic refuses it, and that it cannot be kept.
    const told = onError.mock.calls.map(([error]) => (error as AppError).code);
    expect(new Set(told)).toEqual(new Set(['INVALID', 'OVERLOADED']));
    redis.full = false;
    await vi.advanceTimersByTimeAsync(60_000);
    await expect(archiving).resolves.toMatchObject({ archived: { length: 1 } });
    expect(aside).toEqual([['INVALID', 1]]);
  });

  it('gives up when it is stopped, and answers what was written', async () => {
    const { archiver, calls, logic, onError } = setUp();
    const given = items(200);
    const archiving = archiver.archive(given, onError);
    logic.failures = Infinity;
    // The first chunk is on its way with success already.
    await vi.advanceTimersByTimeAsync(10_000);
    archiver.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    await expect(archiving).resolves.toEqual({ archived: given.slice(0, 128), foreign: [] });
    const made = calls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toHaveLength(made);
  });

  it('still writes when it is stopped and logic answers', async () => {
    const { archiver, onError } = setUp();
    archiver.stop();
    await expect(archiver.archive(items(2), onError)).resolves.toMatchObject({ archived: { length: 2 } });
  });
});
