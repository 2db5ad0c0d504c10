import { AppError } from '@parley/protocol';
import type { LogEntry, RoomStore } from '@parley/redis';
import { describe, expect, it } from 'vitest';
import type { ArchiveReader } from '../archive/archive-reader.js';
import type { ArchivedMessage } from '../archive/archive.repository.js';
import { stub } from '../testing/stub.js';
import { HistoryService, type HistoryQuery } from './history.service.js';
import type { RoomAccessService } from './room-access.service.js';
import type { RoomHeadsService } from './room-heads.service.js';

const ROOM = 7;
const line = (from: number, to: number, epoch = 'e1', text = ''): LogEntry[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ seq: from + i, epoch, body: `{"msg":"${text}"` }));

function setUp(parts: {
  log?: LogEntry[];
  sql?: ArchivedMessage[] | Error;
  head?: { epoch?: string; floor?: number; seq?: number };
  archived?: number;
  /** Redis has let the room go, and the ban of user 3 with it. */
  isParked?: boolean;
}) {
  const { log = [], sql = [] } = parts;
  const sqlReads: unknown[] = [];
  let logReads = 0;
  const headOf = () => ({ seq: 999, epoch: 'e1', floor: 0, ...parts.head });
  const opens = { asked: [] as [number, number][], wait: () => Promise.resolve() };
  let bytesRead = 0;
  const reading = <T extends ArchivedMessage>(entries: T[]) => {
    bytesRead += entries.reduce((sum, { body }) => sum + (body?.length ?? 0), 0);
    return Promise.resolve(entries);
  };
  const service = new HistoryService(
    stub<RoomAccessService>('RoomAccessService', {
      authorize: async (userId, roomId) => {
        opens.asked.push([userId, roomId]);
        await opens.wait();
        if (userId === 2) throw new AppError('ROOM_NOT_FOUND');
        return { roomId, kind: 'room', users: undefined };
      },
      authorizeReader: async (userId, roomId) => {
        if (userId === 3 && parts.isParked === false) throw new AppError('BANNED', { until: 9 });
        return { roomId, kind: 'room', users: undefined };
      },
    }),
    stub<RoomHeadsService>('RoomHeadsService', {
      ensure: () => {
        parts.isParked = false;
        return Promise.resolve(headOf());
      },
    }),
    stub<RoomStore>('RoomStore', {
      head: () => Promise.resolve(parts.isParked ? undefined : headOf()),
      watermarks: () => Promise.resolve({ seq: 999, archived: parts.archived ?? 0 }),
      range: (_, from, to = Infinity, count) => {
        logReads++;
        return reading(log.filter(({ seq }) => seq >= from && seq <= to).slice(0, count));
      },
      newest: (_, before = Infinity, count) => reading(log.filter(({ seq }) => seq < before).slice(-count)),
    }),
    stub<ArchiveReader>('ArchiveReader', {
      page: (_, range) => {
        sqlReads.push(range);
        if (sql instanceof Error) return Promise.reject(sql);
        const { after, before = Infinity, limit } = range;
        const rows = sql.filter(({ seq }) => seq > (after ?? 0) && seq < before);
        return reading(after === undefined ? rows.slice(-limit) : rows.slice(0, limit));
      },
    }),
  );
  const page = (query: Partial<HistoryQuery>) =>
    service.page({ userId: 1, roomId: ROOM, limit: 100, ...query });
  const read = async (query: Partial<HistoryQuery>) => {
    const { messages, more } = await page(query);
    return { seqs: messages.map((text) => (JSON.parse(text) as { seq: number }).seq), more };
  };
  return { service, page, read, sqlReads, opens, bytesRead: () => bytesRead, logReads: () => logReads };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('HistoryService', () => {
  it.each([[line(1, 10)], [[...line(1, 10), ...line(101, 103, 'e2')]]])(
    'reads the log once for who comes from an epoch that has ended, whatever SQL has of the new one',
    async (sql) => {
      const { read, logReads } = setUp({
        log: line(101, 105, 'e2'),
        head: { epoch: 'e2', floor: 100, seq: 105 },
        sql,
      });
      expect(await read({ after: 10 })).toEqual({ seqs: numbers(101, 105), more: false });
      expect(logReads()).toBe(1);
    },
  );

  it('knows who is banned from a room that Redis has let go', async () => {
    const { page } = setUp({ log: line(1, 5), isParked: true });
    await expect(page({ userId: 3 })).rejects.toMatchObject({ code: 'BANNED' });
    expect((await setUp({ log: line(1, 5), isParked: true }).read({})).seqs).toEqual(numbers(1, 5));
  });

  it('reads the log again when more than it had is in SQL by then', async () => {
    const parts = { log: line(101, 105, 'e2'), head: { epoch: 'e2', floor: 100, seq: 105 } };
    const { read, logReads } = setUp({ ...parts, sql: [...line(1, 10), ...line(101, 105, 'e2')] });
    expect(await read({ after: 10 })).toEqual({ seqs: numbers(101, 105), more: false });
    expect(logReads()).toBe(2);
  });

  it('answers the room position with the page, and complete messages', async () => {
    const { page } = setUp({ log: line(1, 1) });
    await expect(page({})).resolves.toEqual({
      roomId: ROOM,
      epoch: 'e1',
      head: 999,
      messages: ['{"msg":"","seq":1,"epoch":"e1"}'],
      more: false,
    });
  });

  it('gives nothing to whom the room is closed', async () => {
    await expect(setUp({ log: line(1, 5) }).page({ userId: 2 })).rejects.toMatchObject({
      code: 'ROOM_NOT_FOUND',
    });
  });

  it('does not ask SQL for what the log has', async () => {
    const { read, sqlReads } = setUp({ log: line(1, 50), sql: new Error('away') });
    expect(await read({ after: 10, limit: 20 })).toEqual({ seqs: numbers(11, 30), more: true });
    expect(await read({ before: 30, limit: 20 })).toEqual({ seqs: numbers(10, 29), more: true });
    expect(await read({ before: 21, limit: 20 })).toEqual({ seqs: numbers(1, 20), more: false });
    expect(await read({ limit: 5 })).toEqual({ seqs: numbers(46, 50), more: true });
    expect(await read({ after: 45, limit: 5 })).toEqual({ seqs: numbers(46, 50), more: false });
    expect(sqlReads).toEqual([]);
  });

  it('goes from SQL into the log, where they overlap and where they only meet', async () => {
    for (const sql of [line(1, 30), line(1, 20)]) {
      const { read } = setUp({ log: line(21, 50), sql });
      expect(await read({ after: 5 })).toEqual({ seqs: numbers(6, 50), more: false });
      expect(await read({ after: 5, limit: 10 })).toEqual({ seqs: numbers(6, 15), more: true });
      expect(await read({})).toEqual({ seqs: numbers(1, 50), more: false });
      expect(await read({ before: 26, limit: 10 })).toEqual({ seqs: numbers(16, 25), more: true });
      expect(await read({ before: 10 })).toEqual({ seqs: numbers(1, 9), more: false });
    }
  });

  it('reads from SQL alone when Redis has lost the log', async () => {
    const { read } = setUp({ sql: line(1, 30) });
    expect(await read({ after: 25 })).toEqual({ seqs: numbers(26, 30), more: false });
    expect(await read({ limit: 3 })).toEqual({ seqs: [28, 29, 30], more: true });
  });

  // Accepted and archived, then gone from Redis with its primary: the send's repetition was acknowledged from SQL, and history left it out.
  it('has what Redis lost when it stepped back, and SQL had got before', async () => {
    const log = [...line(1, 8), ...line(101, 104, 'e2')];
    const sql = [...line(1, 10), ...line(101, 102, 'e2')];
    const { read } = setUp({ log, sql, head: { epoch: 'e2', floor: 100 } });
    const all = [...numbers(1, 10), ...numbers(101, 104)];
    expect(await read({ after: 0 })).toEqual({ seqs: all, more: false });
    expect(await read({})).toEqual({ seqs: all, more: false });
    for (const limit of [1, 3, 9, 10, 11]) {
      expect(await read({ after: 0, limit })).toEqual({ seqs: all.slice(0, limit), more: true });
      expect(await read({ limit })).toEqual({ seqs: all.slice(-limit), more: true });
    }
    expect(await read({ before: 101, limit: 3 })).toEqual({ seqs: [8, 9, 10], more: true });
    expect(await read({ after: 7, limit: 4 })).toEqual({ seqs: [8, 9, 10, 101], more: true });
  });

  it('has it before anything is said in the new epoch', async () => {
    const { read } = setUp({ log: line(1, 8), sql: line(1, 10), head: { epoch: 'e2', floor: 100 } });
    expect(await read({ after: 6 })).toEqual({ seqs: numbers(7, 10), more: false });
    expect(await read({ limit: 3 })).toEqual({ seqs: [8, 9, 10], more: true });
  });

  it('asks SQL nothing at the end of the room', async () => {
    const { read, sqlReads } = setUp({ sql: line(1, 30), head: { seq: 30 } });
    expect(await read({ after: 30 })).toEqual({ seqs: [], more: false });
    expect(sqlReads).toEqual([]);
  });

  it("makes two pages of a user at a time, of whatever rooms; others' go on", async () => {
    const { service, opens } = setUp({ log: line(1, 5) });
    const held: (() => void)[] = [];
    opens.wait = () => new Promise((resolve) => held.push(resolve));
    const pages = [7, 8, 9].map((roomId) => service.page({ userId: 1, roomId, limit: 5 }));
    pages.push(service.page({ userId: 3, roomId: 7, limit: 5 }));
    await new Promise((resolve) => setImmediate(resolve));
    expect(opens.asked).toEqual([
      [1, 7],
      [1, 8],
      [3, 7],
    ]);
    opens.wait = () => Promise.resolve();
    for (const end of held) end();
    expect(await Promise.all(pages)).toHaveLength(4);
  });

  it('is empty at the end', async () => {
    const { read } = setUp({ sql: line(1, 30) });
    expect(await read({ after: 30 })).toEqual({ seqs: [], more: false });
    expect(await read({ before: 1 })).toEqual({ seqs: [], more: false });
  });

  it.each([{ after: 5 }, {}])('says HISTORY_PENDING at a hole within an epoch: %j', async (query) => {
    const { page } = setUp({ log: line(21, 50), sql: line(1, 15) });
    await expect(page(query)).rejects.toMatchObject({ code: 'HISTORY_PENDING', retryAfterMs: 500 });
  });

  it.each([{ after: 5 }, { before: 1_000, after: undefined }])(
    'goes on over a hole between epochs: %j',
    async (query) => {
      const { read } = setUp({
        head: { epoch: 'e2', floor: 100 },
        log: line(101, 103, 'e2'),
        sql: line(1, 8),
      });
      const { seqs } = await read(query);
      expect(seqs.slice(-6)).toEqual([6, 7, 8, 101, 102, 103]);
    },
  );

  // Restored from a backup, SQL lacked what the log had dropped as archived: HISTORY_PENDING came for ever.
  it.each([{ after: 5 }, { after: 15 }, {}])('goes on over a hole that SQL has lost: %j', async (query) => {
    const { read } = setUp({
      archived: 20,
      log: line(21, 50),
      sql: line(1, 15),
    });
    expect((await read(query)).seqs.slice(-31)).toEqual(
      query.after === 15 ? numbers(21, 50) : [15, ...numbers(21, 50)],
    );
    const { page } = setUp({
      archived: 19,
      log: line(21, 50),
      sql: line(1, 15),
    });
    await expect(page(query)).rejects.toMatchObject({ code: 'HISTORY_PENDING' });
  });

  it('goes on over it also when SQL has what comes after', async () => {
    const { read } = setUp({ archived: 25, log: line(21, 50), sql: [...line(1, 15), ...line(21, 25)] });
    expect((await read({})).seqs).toEqual([...numbers(1, 15), ...numbers(21, 50)]);
    expect((await read({ after: 5 })).seqs).toEqual([...numbers(6, 15), ...numbers(21, 50)]);
  });

  it('leaves out a number that is taken by what nobody can read', async () => {
    const unreadable = { seq: 20, epoch: 'e1', body: undefined };
    const { read } = setUp({ log: line(21, 50), sql: [...line(1, 19), unreadable] });
    expect((await read({ after: 18 })).seqs).toEqual([19, ...numbers(21, 50)]);
    expect((await read({ before: 22 })).seqs).toEqual([...numbers(1, 19), 21]);
  });

  it('says HISTORY_PENDING when the first messages of an epoch are in neither', async () => {
    const { page } = setUp({
      head: { epoch: 'e2', floor: 100 },
      log: line(111, 120, 'e2'),
      sql: line(1, 8),
    });
    await expect(page({ after: 5 })).rejects.toMatchObject({ code: 'HISTORY_PENDING' });
  });

  it('says HISTORY_PENDING when SQL has nothing after the position yet', async () => {
    const { page } = setUp({ log: line(21, 50), sql: line(1, 15) });
    await expect(page({ after: 15 })).rejects.toMatchObject({ code: 'HISTORY_PENDING' });
  });

  it.each([{ after: 5 }, {}])('says UNAVAILABLE when SQL is needed and away: %j', async (query) => {
    const { page } = setUp({ log: line(21, 50), sql: new Error('away') });
    await expect(page(query)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  describe('maxBytes', () => {
    const log = line(1, 10, 'e1', 'x'.repeat(1_000));
    const maxBytes = 3_500;

    it('cuts the page from the end it was asked from', async () => {
      const { read } = setUp({ log });
      expect(await read({ after: 2, maxBytes })).toEqual({ seqs: [3, 4, 5], more: true });
      expect(await read({ before: 9, maxBytes })).toEqual({ seqs: [6, 7, 8], more: true });
    });

    it('is exact: a page that fits is whole, and one byte less cuts it', async () => {
      const { page, read } = setUp({ log: line(1, 3, 'e1', 'é') });
      const { messages } = await page({ after: 0 });
      const bytes = messages.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
      expect(await read({ after: 0, maxBytes: bytes })).toEqual({ seqs: [1, 2, 3], more: false });
      expect(await read({ after: 0, maxBytes: bytes - 1 })).toEqual({ seqs: [1, 2], more: true });
    });

    it('is half a megabyte at the most, whatever is asked for', async () => {
      const { page } = setUp({ log: line(1, 100, 'e1', 'x'.repeat(16_000)) });
      const { messages, more } = await page({ after: 0, maxBytes: 10_000_000 });
      expect(messages.join(',').length).toBeLessThanOrEqual(524_288);
      expect(more).toBe(true);
    });

    it('keeps one message at least', async () => {
      const { read } = setUp({ log });
      expect(await read({ after: 2, maxBytes: 1 })).toEqual({ seqs: [3], more: true });
      expect(await read({ maxBytes: 1 })).toEqual({ seqs: [10], more: true });
    });

    it('counts bytes, not characters', async () => {
      const { read } = setUp({ log: line(1, 10, 'e1', '€'.repeat(1_000)) });
      expect((await read({ after: 0, maxBytes })).seqs).toEqual([1]);
    });
  });

  // Two hundred messages were read for each page of nine: 3 MB for 28 kB.
  describe('reads little more than it gives', () => {
    const long = line(1, 400, 'e1', 'x'.repeat(3_000));

    it.each([
      ['from the log', { log: long }],
      ['from SQL', { sql: long }],
    ])('%s', async (_, parts) => {
      for (const query of [{ after: 0 }, { before: 401 }]) {
        const { page, bytesRead } = setUp({ ...parts, head: { epoch: 'e1', floor: 0 } });
        const { messages, more } = await page({ ...query, limit: 200, maxBytes: 28_000 });
        expect([messages.length, more]).toEqual([9, true]);
        expect(bytesRead()).toBeLessThan(2 * 28_000);
      }
    });

    it('also where nobody names a bound: half a megabyte', async () => {
      const { page, bytesRead } = setUp({ log: long });
      const { messages, more } = await page({ after: 0, limit: 200 });
      expect(more).toBe(true);
      expect(messages.join(',').length).toBeGreaterThan(500_000);
      expect(messages.join(',').length).toBeLessThanOrEqual(524_288);
      expect(bytesRead()).toBeLessThan(600_000);
    });

    it('and a megabyte at worst, when long texts follow short ones', async () => {
      const log = [...line(1, 60), ...line(61, 400, 'e1', 'x'.repeat(16_000))];
      const { page, bytesRead } = setUp({ log });
      expect((await page({ after: 0, limit: 200, maxBytes: 28_000 })).more).toBe(true);
      expect(bytesRead()).toBeLessThan(1_100_000);
    });
  });
});
