import { AppError } from '@parley/protocol';
import type { EntityManager } from 'typeorm';
import { describe, expect, it, vi } from 'vitest';
import { stub } from '../testing/stub.js';
import { IdIssuer, type LifeGuard } from './id-issuer.js';
import { SqlWriter } from './sql-writer.js';
import type { SqlWork } from './write-transaction.js';

/** A database whose newest beat is `beat` before a row is made. */
function setUp(sql = { life: 'a', beat: 5 }) {
  const done: string[] = [];
  const manager = stub<EntityManager>('EntityManager', {
    query: (async (text: string) => {
      if (text.startsWith('UPDATE database_life')) sql.beat++;
      return text.startsWith('SELECT') ? [{ ...sql }] : [];
    }) as EntityManager['query'],
  });
  class Writer extends SqlWriter {
    protected async transact<T>(work: SqlWork<T>): Promise<T> {
      try {
        const result = await work(manager);
        done.push('commit');
        return result;
      } catch (error) {
        done.push('roll back');
        throw error;
      }
    }
  }
  const guard = {
    known: vi.fn<LifeGuard['known']>(async () => {
      done.push('known');
      return { life: 'a', beat: 5 };
    }),
    issued: vi.fn<LifeGuard['issued']>(async (kind, id, { life, beat }) => {
      done.push(`issued ${kind} ${id} ${life} ${beat}`);
    }),
    check: vi.fn<LifeGuard['check']>(async () => void done.push('check')),
  };
  const issuer = new IdIssuer(new Writer());
  const work = async () => {
    done.push('make');
    return { id: 7 };
  };
  const make = (idOf: (row: { id: number }) => number | undefined = ({ id }) => id) =>
    issuer.run('rooms', work, idOf);
  return { issuer, guard, done, make, sql };
}

describe('IdIssuer', () => {
  it('asks what is known before it begins, and tells of the row once that is committed', async () => {
    const { issuer, guard, done, make } = setUp();
    issuer.use(guard);
    expect(await make()).toEqual({ id: 7 });
    expect(done).toEqual(['known', 'make', 'commit', 'issued rooms 7 a 6']);
  });

  it('asks and tells nobody where there is nobody to ask', async () => {
    const { done, make } = setUp();
    expect(await make()).toEqual({ id: 7 });
    expect(done).toEqual(['make', 'commit']);
  });

  it('tells nothing when no row was made', async () => {
    const { issuer, guard, done, make } = setUp();
    issuer.use(guard);
    await make(() => undefined);
    expect(done).toEqual(['known', 'make', 'commit']);
  });

  // An id of a database that had stepped back was somebody else's in every token.
  it.each([
    ['has stepped back', { life: 'a', beat: 4 }],
    ['is another one', { life: 'b', beat: 90 }],
  ])('makes no row when the database %s, and has that seen to', async (_, sql) => {
    const { issuer, guard, done, make } = setUp(sql);
    issuer.use(guard);
    guard.check.mockImplementationOnce(async () => {
      done.push('check');
      Object.assign(sql, { life: 'a', beat: 8 });
    });
    expect(await make()).toEqual({ id: 7 });
    expect(done).toEqual([
      'known',
      'make',
      'roll back',
      'check',
      'known',
      'make',
      'commit',
      'issued rooms 7 a 9',
    ]);
  });

  it('gives up after three tries', async () => {
    const { issuer, guard, done, make } = setUp({ life: 'b', beat: 1 });
    issuer.use(guard);
    await expect(make()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(done.filter((what) => what === 'roll back')).toHaveLength(3);
    expect(done).not.toContain('commit');
  });

  it('is UNAVAILABLE when what is known cannot be asked or told; codes stay what they are', async () => {
    const { issuer, guard, done, make } = setUp();
    issuer.use(guard);
    guard.known.mockRejectedValueOnce(new Error('Redis is away'));
    await expect(make()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(done).toEqual([]);
    guard.issued.mockRejectedValueOnce(new Error('Redis is away'));
    await expect(make()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    guard.known.mockRejectedValueOnce(new AppError('OVERLOADED'));
    await expect(make()).rejects.toMatchObject({ code: 'OVERLOADED' });
  });

  it("lets the work's own failures through, once", async () => {
    const { issuer, guard, done } = setUp();
    issuer.use(guard);
    const failing = issuer.run(
      'users',
      () => Promise.reject(new AppError('ROOM_LIMIT')),
      () => 1,
    );
    await expect(failing).rejects.toMatchObject({ code: 'ROOM_LIMIT' });
    expect(done).toEqual(['known', 'roll back']);
  });
});
