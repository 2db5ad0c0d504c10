import type { DatabaseLife, DatabaseLifeStore, KnownLife, ShardSurvey } from '@parley/redis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { SqlBeat } from '../database/database-beat.js';
import type { IdIssuer } from '../database/id-issuer.js';
import { stub } from '../testing/stub.js';
import type { DatabaseLifeRepository, SqlLife } from './database-life.repository.js';
import { DatabaseLifeService } from './database-life.service.js';

const nobody: KnownLife = {
  life: '',
  unnamedTokens: false,
  beat: 0,
  beatToken: '',
  everIssued: { users: 0, rooms: 0 },
};

/** A Redis that belongs to life `a` and a database of that life, both at beat 5, unless the test says otherwise. */
function setUp(given: { known?: Partial<KnownLife>; sql?: Partial<SqlLife>; isUsed?: boolean } = {}) {
  const everIssued = { users: 70, rooms: 80 };
  const known = { ...nobody, life: 'a', beat: 5, beatToken: 't5', everIssued, ...given.known };
  const highest = { users: 7, rooms: 8 };
  const sql = { life: 'a', parent: '', unnamedTokens: false, beat: 5, tokenAt: 't5', highest, ...given.sql };
  const done: string[] = [];
  let current: string | undefined;
  const redis = {
    read: vi.fn<DatabaseLifeStore['read']>(async () => ({ ...known })),
    adopt: vi.fn<DatabaseLifeStore['adopt']>(async (from, to, unnamed) => {
      done.push(`adopt ${from}>${to} ${unnamed}`);
      if (known.life !== from) return false;
      Object.assign(known, { life: to, beat: 0, beatToken: '' });
      return true;
    }),
    raise: vi.fn<DatabaseLifeStore['raise']>(async ({ life, beat, beatToken }, issued) => {
      done.push(`raise ${life} ${beat} ${JSON.stringify(issued)}`);
      if (known.life === life) Object.assign(known, { beat, beatToken });
      return known.life === life;
    }),
    swapStreams: vi.fn<DatabaseLifeStore['swapStreams']>(async (from, to) => {
      done.push(`swap ${from}>${to}`);
      return { aside: 2, back: 3 };
    }),
    lock: vi.fn<DatabaseLifeStore['lock']>(async () => Boolean(done.push('lock'))),
    unlock: vi.fn<DatabaseLifeStore['unlock']>(async () => void done.push('unlock')),
  };
  const repository = {
    read: vi.fn<DatabaseLifeRepository['read']>(async () => ({ ...sql })),
    addBeat: vi.fn(async (): Promise<SqlBeat> => {
      sql.beat++;
      sql.tokenAt = `t${sql.beat}`;
      return { life: sql.life, beat: sql.beat, beatToken: sql.tokenAt };
    }),
    renew: vi.fn<DatabaseLifeRepository['renew']>(async (life, goesOn) => {
      done.push(`renew ${life} ${goesOn}`);
      Object.assign(sql, { life: 'renewed', parent: goesOn ? life : '', tokenAt: undefined });
    }),
    goAbove: vi.fn<DatabaseLifeRepository['goAbove']>(
      async ({ users, rooms }) => void done.push(`go above ${users} ${rooms}`),
    ),
  };
  const beginAll = vi.fn(async ({ voidLogs }: { voidLogs: boolean }) => {
    done.push(`begin all, void ${voidLogs}`);
  });
  const surroundings = {
    othersServing: vi.fn(async () => 0),
    standDown: vi.fn(() => void done.push('stand down')),
  };
  const warn = vi.fn();
  const logError = vi.fn();
  const use = vi.fn<IdIssuer['use']>();
  const service = new DatabaseLifeService(
    stub<DatabaseLifeRepository>('DatabaseLifeRepository', repository),
    stub<DatabaseLifeStore>('DatabaseLifeStore', redis),
    stub<DatabaseLife>('DatabaseLife', {
      get current() {
        return current;
      },
      announce: async () => {
        done.push('announce');
        current = known.life;
      },
    }),
    // Of some shards nobody has been accepted anything.
    {
      survey: async () =>
        ['0-0', given.isUsed ? '5-0' : '0-0'].map((streamId) => ({ streamId }) as ShardSurvey),
    },
    { beginAll },
    stub<IdIssuer>('IdIssuer', { use }),
    surroundings,
    { warn },
    logError,
  );
  return { service, known, sql, done, redis, repository, beginAll, surroundings, warn, logError, use };
}
type System = ReturnType<typeof setUp>;

/** Has started and found all well. */
async function started(given: Parameters<typeof setUp>[0] = {}): Promise<System> {
  const system = setUp(given);
  await system.service.check();
  system.done.length = 0;
  return system;
}

describe('DatabaseLifeService.check', () => {
  it('leaves a beat in SQL, then in Redis with the ids that SQL has, and announces the life once', async () => {
    const { service, done, repository, use } = setUp();
    expect(use).toHaveBeenCalledWith(service);
    await service.check();
    const ids = JSON.stringify({ users: 7, rooms: 8 });
    expect(done).toEqual([`raise a 6 ${ids}`, 'announce']);
    // What is asked of SQL is what Redis knows, read before.
    expect(repository.read.mock.calls).toEqual([[5]]);
    await service.check();
    expect(done.slice(2)).toEqual([`raise a 7 ${ids}`]);
  });

  it('has a Redis that belongs to nobody belong to this database', async () => {
    const { service, done } = setUp({ known: nobody, sql: { unnamedTokens: true }, isUsed: true });
    await service.check();
    expect(done[0]).toBe('adopt >a true');
    expect(done.at(-1)).toBe('announce');
  });

  it('runs once for all who ask at once, and again after a failure', async () => {
    const { service, redis } = setUp();
    redis.read.mockRejectedValueOnce(new Error('away'));
    const both = await Promise.allSettled([service.check(), service.check()]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(redis.read).toHaveBeenCalledTimes(1);
    await service.check();
  });

  it.each([{ life: 'b' }, { tokenAt: 'another' }])(
    'ends an instance whose database is another one than before: %j',
    async (changed) => {
      const { service, sql, done, warn } = await started();
      Object.assign(sql, changed);
      await service.check();
      expect(done).toEqual(['stand down']);
      expect(warn).toHaveBeenCalledOnce();
    },
  );
});

describe('a database that stepped back', () => {
  it('gets a new name, issues no known id, ends all epochs but no logs, and then Redis is its own', async () => {
    const { service, sql, done, warn, surroundings } = await started();
    Object.assign(sql, { beat: 3, tokenAt: undefined });
    await service.check();
    expect(done.slice(0, -1)).toEqual([
      'lock',
      'renew a true',
      'go above 70 80',
      'begin all, void false',
      'adopt a>renewed false',
      'announce',
      'unlock',
    ]);
    expect(done.at(-1)).toMatch(/^raise renewed 4 /);
    expect(warn).toHaveBeenCalledOnce();
    // It serves with others, and they will find out, too.
    expect(surroundings.othersServing).not.toHaveBeenCalled();
  });

  it('is not renewed again when another instance has done so', async () => {
    const { service, done } = setUp({ sql: { life: 'renewed', parent: 'a' } });
    await service.check();
    expect(done.slice(0, 2)).toEqual(['lock', 'go above 70 80']);
  });

  it('is gone on with by an instance that runs, when another one has named it and ended', async () => {
    const { service, sql, done } = await started();
    Object.assign(sql, { life: 'renewed', parent: 'a' });
    await service.check();
    expect(done.slice(0, 2)).toEqual(['lock', 'go above 70 80']);
    expect(done).toContain('adopt a>renewed false');
  });

  it('is left to whoever was first', async () => {
    const { service, sql, known, done, redis } = await started();
    Object.assign(sql, { beat: 3, tokenAt: undefined });
    redis.lock.mockImplementationOnce(async () => {
      Object.assign(sql, { life: 'renewed', beat: 4, parent: 'a' });
      Object.assign(known, { life: 'renewed', beat: 0 });
      return true;
    });
    await service.check();
    expect(done.map((what) => what.split(' ')[0])).toEqual(['unlock', 'raise', 'announce']);
  });

  it('is left alone when Redis has lost its data, or is of a third one, by the time that it is its turn', async () => {
    const emptied = setUp({ sql: { life: 'b' }, isUsed: true });
    emptied.redis.read.mockResolvedValueOnce({ ...emptied.known }).mockResolvedValueOnce({ ...nobody });
    Object.assign(emptied.sql, { beat: 3 });
    await expect(emptied.service.check()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(emptied.done).toEqual(['lock', 'unlock']);
    const third = await started();
    third.sql.beat = 1;
    third.redis.read
      .mockResolvedValueOnce({ ...third.known })
      .mockResolvedValueOnce({ ...third.known, life: 'c' });
    await expect(third.service.check()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(third.done).toEqual(['lock', 'unlock']);
  });

  it('is not done with while Redis does not say that it belongs to it', async () => {
    const { service, sql, done, redis } = await started();
    Object.assign(sql, { beat: 3, tokenAt: undefined });
    redis.adopt.mockResolvedValueOnce(false);
    await expect(service.check()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(done.at(-1)).toBe('unlock');
    expect(done).not.toContain('announce');
  });
});

describe('another database, at the start', () => {
  it("puts the other one's messages aside, and voids its logs", async () => {
    const { service, done, warn } = setUp({ sql: { life: 'b' } });
    await service.check();
    expect(done.slice(0, -1)).toEqual([
      'lock',
      'go above 70 80',
      'swap a>b',
      'begin all, void true',
      'adopt a>b false',
      'announce',
      'unlock',
    ]);
    expect(warn).toHaveBeenCalledWith(
      { from: 'a', to: 'b', entriesPutAside: 2, entriesBroughtBack: 3 },
      expect.anything(),
    );
  });

  it('gets a name of its own when it is a copy that went on apart', async () => {
    const { service, done } = setUp({ sql: { beat: 9, tokenAt: 'another' } });
    await service.check();
    expect(done.slice(0, 4)).toEqual(['lock', 'renew a false', 'go above 70 80', 'swap a>renewed']);
  });

  it('takes no Redis from before databases had names, when messages were accepted on it', async () => {
    const used = setUp({ known: nobody, sql: { beat: 0 }, isUsed: true });
    await used.service.check();
    expect(used.done).toContain('begin all, void true');
    const unused = setUp({ known: nobody, sql: { beat: 0 } });
    await unused.service.check();
    expect(unused.done[0]).toBe('adopt >a false');
  });

  it('waits while others serve, and while another one switches', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { service, done, redis, surroundings } = setUp({ sql: { life: 'b' } });
    surroundings.othersServing.mockResolvedValueOnce(1);
    redis.lock.mockResolvedValueOnce(false);
    await service.check();
    expect(surroundings.othersServing).toHaveBeenCalledTimes(3);
    expect(redis.lock).toHaveBeenCalledTimes(2);
    expect(new Set(redis.lock.mock.calls.flat()).size).toBe(1);
    expect(redis.unlock.mock.calls[0]).toEqual(redis.lock.mock.calls[0]);
    expect(done[0]).toBe('lock');
  });

  it.each([
    ['others go on serving', 1, /PARLEY_DATABASE_URL/],
    ['another one goes on switching', 0, /UNAVAILABLE|unavailable/i],
  ])('gives up after fifteen seconds when %s, and touches nothing', async (_, others, message) => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { service, done, redis, surroundings } = setUp({ sql: { life: 'b' } });
    redis.lock.mockResolvedValue(false);
    surroundings.othersServing.mockImplementation(async () => {
      vi.advanceTimersByTime(7_500);
      return others;
    });
    const failure: unknown = await service.check().catch((error: unknown) => error);
    expect(`${(failure as { code?: string }).code} ${String(failure)}`).toMatch(message);
    expect(surroundings.othersServing).toHaveBeenCalledTimes(3);
    expect(done).toEqual([]);
  });
});

describe('what the issuer of ids asks and tells', () => {
  it('is answered by Redis, once it belongs to somebody', async () => {
    const { service, known, done } = await started();
    expect(await service.known()).toMatchObject({ life: 'a', beat: 6 });
    expect(done).toEqual([]);
    // Redis has lost its data.
    Object.assign(known, nobody);
    expect(await service.known()).toMatchObject({ life: 'a', beat: 7 });
  });

  it('is remembered in Redis; when that is of another life, all is checked', async () => {
    const { service, known, done, redis } = await started();
    const beat = { life: 'a', beat: 9, beatToken: 't9' };
    await service.issued('rooms', 12, beat);
    expect(redis.raise.mock.lastCall).toEqual([beat, { rooms: 12 }]);
    expect(done).toHaveLength(1);
    known.life = 'elsewhere';
    await service.issued('users', 13, beat);
    expect(done.at(-1)).toBe('stand down');
  });
});

describe('DatabaseLifeService, as long as the process runs,', () => {
  it('checks at the start, and then every five seconds, whatever fails, until it ends', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { service, repository, logError } = setUp();
    await service.onModuleInit();
    expect(repository.addBeat).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(repository.addBeat).toHaveBeenCalledTimes(1);
    const away = new Error('SQL is away');
    repository.addBeat.mockRejectedValueOnce(away);
    await vi.advanceTimersByTimeAsync(1);
    expect(logError).toHaveBeenCalledWith(away, expect.anything());
    await vi.advanceTimersByTimeAsync(5_000);
    expect(repository.addBeat).toHaveBeenCalledTimes(3);
    service.onApplicationShutdown();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(repository.addBeat).toHaveBeenCalledTimes(3);
  });

  it('does not start when the first check fails', async () => {
    const { service, redis } = setUp();
    redis.read.mockRejectedValueOnce(new Error('away'));
    await expect(service.onModuleInit()).rejects.toThrow('away');
  });
});
