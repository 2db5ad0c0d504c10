import type { DispatchEntry } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import type { EntityManager, QueryRunner } from 'typeorm';
import { describe, expect, it, vi } from 'vitest';
import { SqlWriter } from '../database/sql-writer.js';
import type { SqlWork } from '../database/write-transaction.js';
import { stub } from '../testing/stub.js';
import { ArchiveWriter } from './archive-writer.js';
import type { AsideRepository } from './aside.repository.js';
import { entry } from './entry.fixture.js';

const COLUMNS = 9;
const failed = (code: string) => Object.assign(new Error('query failed'), { code });

/** SQL that fails a batch when `fails` says so of the numbers in it; what it takes is new. */
function setUp(fails: (seqs: readonly number[]) => unknown = () => undefined) {
  const tried: number[][] = [];
  const stored: number[] = [];
  const query = async (_: string, values: unknown[] = []) => {
    const seqs = values.filter((_, i) => i % COLUMNS === 1) as number[];
    tried.push(seqs);
    const error = fails(seqs);
    if (error !== undefined) throw error;
    stored.push(...seqs);
    return { affected: seqs.length };
  };
  const manager = stub<EntityManager>('EntityManager', {
    connection: { options: { type: 'sqlite' } } as EntityManager['connection'],
    queryRunner: { query } as unknown as QueryRunner,
  });
  class Writer extends SqlWriter {
    protected transact<T>(work: SqlWork<T>): Promise<T> {
      return work(manager);
    }
  }
  const keep = vi.fn<AsideRepository['keep']>(async () => true);
  const writer = new ArchiveWriter(new Writer(), stub<AsideRepository>('AsideRepository', { keep }));
  return { writer, keep, tried, stored };
}

const batch = (...seqs: number[]) => seqs.map((seq) => entry(seq));
const unreadable: DispatchEntry = { ...entry(2), body: '{nonsense' };

describe('ArchiveWriter', () => {
  it('stores a batch at once, by room and number: two who store the same do not wait for each other', async () => {
    const { writer, tried } = setUp();
    const rooms = [entry(5, { roomId: 2 }), entry(9), entry(3), entry(4, { roomId: 2 })];
    expect(await writer.append(rooms)).toEqual({ aside: [], homeless: [] });
    expect(tried).toEqual([[3, 9, 4, 5]]);
  });

  it('stores every message of a long batch, two hundred at a time', async () => {
    const { writer, tried, stored } = setUp();
    const seqs = Array.from({ length: 401 }, (_, i) => i + 1);
    await writer.append(batch(...seqs));
    expect(stored).toEqual(seqs);
    expect(tried.map(({ length }) => length)).toEqual([200, 200, 1]);
  });

  it('asks SQL nothing for nothing', async () => {
    const { writer, tried } = setUp();
    await writer.append([]);
    await writer.append([unreadable]);
    expect(tried).toEqual([]);
  });

  it('finds what SQL refuses by halving, stores the rest, and says why', async () => {
    const { writer, stored, tried } = setUp((seqs) => (seqs.includes(6) ? failed('23514') : undefined));
    expect(await writer.append(batch(1, 2, 3, 4, 5, 6, 7))).toEqual({
      aside: [{ entry: entry(6), reason: 'refused', sqlCode: '23514' }],
      homeless: [],
    });
    expect(stored).toEqual([1, 2, 3, 4, 5, 7]);
    expect(tried).toEqual([[1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4], [5, 6, 7], [5, 6], [5], [6], [7]]);
  });

  // Every message of a database that was away would have been set aside, one by one.
  it('sets nothing aside when the database is away: all of it comes again', async () => {
    const away = new AppError('UNAVAILABLE');
    const { writer, keep, tried } = setUp(() => away);
    await expect(writer.append([...batch(1, 2, 3, 4), unreadable])).rejects.toBe(away);
    expect(tried).toHaveLength(1);
    expect(keep).not.toHaveBeenCalled();
  });

  it('nor when it goes away while it is halved', async () => {
    const away = new AppError('UNAVAILABLE');
    const { writer, keep } = setUp((seqs) => (seqs.length === 1 ? away : failed('23514')));
    await expect(writer.append(batch(1, 2))).rejects.toBe(away);
    expect(keep).not.toHaveBeenCalled();
  });

  it.each(['{nonsense', '{"code":0'])('takes %s for no message: it is set aside as it is', async (body) => {
    const { writer, keep, tried } = setUp();
    const odd = { ...entry(2), body };
    expect((await writer.append([odd])).aside).toEqual([{ entry: odd, reason: 'unreadable', sqlCode: '' }]);
    expect([keep.mock.calls.length, tried]).toEqual([1, []]);
  });

  it('names only what is newly set aside', async () => {
    const { writer, keep } = setUp();
    keep.mockResolvedValueOnce(false);
    const other = { ...unreadable, seq: 3 };
    expect(await writer.append([unreadable, other])).toEqual({
      aside: [{ entry: other, reason: 'unreadable', sqlCode: '' }],
      homeless: [],
    });
  });

  it('names what SQL refuses in every form, and goes on', async () => {
    const { writer, keep } = setUp();
    keep.mockRejectedValueOnce(failed('SQLITE_TOOBIG'));
    const other = { ...unreadable, seq: 3 };
    expect(await writer.append([unreadable, other])).toMatchObject({
      aside: [{ entry: other }],
      homeless: [{ entry: unreadable, reason: 'unreadable' }],
    });
  });

  it.each([
    ['is away', new AppError('OVERLOADED'), 'OVERLOADED'],
    ['has no such table', failed('42P01'), 'UNAVAILABLE'],
  ])('takes nobody for homeless when the database %s', async (_, error, code) => {
    const { writer, keep } = setUp();
    keep.mockRejectedValueOnce(error);
    await expect(writer.append([unreadable])).rejects.toMatchObject({ code });
  });
});
