import type { DispatchEntry, Mark } from '@parley/contracts';
import { Op } from '@parley/protocol';
import { expect, it } from 'vitest';
import { ArchiveReader } from '../archive/archive-reader.js';
import { ArchiveRepository } from '../archive/archive.repository.js';
import { entry } from '../archive/entry.fixture.js';
import { describeSql, openSql, rawSql } from '../database/sql-databases.conformance.js';
import { MarksService } from '../record/marks.service.js';
import { RecordRepository } from '../record/record.repository.js';
import { OriginalsService } from './originals.service.js';

const KEPT_MS = 1_000;
const DELETED_AT = 1_764_000_100_000;

/** A deletion as the stream has it, with what is kept of it. */
function deletion(
  seq: number,
  range: object,
  kind = 'delete',
  more: object = { by: 'moderator' },
): DispatchEntry {
  const event = { kind, range, ...more };
  const message = { code: 0, op: Op.event, ...event, fromUserId: 0, fromUserName: '', roomId: 1 };
  const ids = { id: `act-${seq}`, clientMsgId: `act-${seq}`, sentAt: DELETED_AT + seq };
  return {
    roomId: 1,
    seq,
    epoch: 'e1',
    body: JSON.stringify({ ...message, ...ids }).slice(0, -1),
    act: JSON.stringify({ act: 'delete', by: { userId: 2, userName: 'host', role: 'owner' } }),
  };
}

describeSql('OriginalsService', (server) => {
  async function open(archived = 100, inRedis: readonly Mark[] = []) {
    const url = await server.createDatabase();
    const app = await openSql(url);
    const archive = app.get(ArchiveRepository);
    const dropped: number[] = [];
    const record = app.get(RecordRepository);
    const marks = new MarksService({ marks: async () => [...inRedis] }, record);
    const service = new OriginalsService({ originalsKeptMs: KEPT_MS }, record, marks, archive, {
      dropFromLog: async (_, seq) => void dropped.push(seq),
      watermarks: async () => ({ seq: 100, archived }),
    });
    const texts = async () =>
      (await rawSql(url, 'SELECT body FROM messages WHERE kind <> 33 ORDER BY seq')).map(
        ({ body }) => /"msg":"([^"]*)"/.exec(String(body))?.[1],
      );
    const reader = new ArchiveReader(archive, marks);
    return { url, archive, reader, service, dropped, texts };
  }

  it('keeps a deleted text as long as it can be restored, and then has it nowhere', async () => {
    const { archive, reader, service, dropped, texts } = await open();
    await archive.append([1, 2, 3].map((seq) => entry(seq, { msg: `text ${seq}` })));
    await archive.append([deletion(4, { from: 2, to: 2 })]);
    expect((await reader.page(1, { after: 1, limit: 1 }))[0]?.body).toContain('deleted');
    expect(await service.takeTurn(DELETED_AT + KEPT_MS)).toBe(0);
    expect(await texts()).toEqual(['text 1', 'text 2', 'text 3']);
    expect(await service.takeTurn(DELETED_AT + KEPT_MS + 4)).toBe(1);
    expect(await texts()).toEqual(['text 1', undefined, 'text 3']);
    expect(dropped).toEqual([2]);
    expect((await reader.page(1, { after: 1, limit: 1 }))[0]?.body).toContain('"deleted":{"by":"moderator"');
    // Nothing is left to be done.
    expect(await service.takeTurn(DELETED_AT + 9 * KEPT_MS)).toBe(0);
  });

  it('leaves what was shown again, and of a range what it is not about', async () => {
    const { archive, service, texts } = await open();
    await archive.append([1, 2].map((seq) => entry(seq, { msg: `text ${seq}`, senderId: seq })));
    await archive.append([
      deletion(3, { from: 1, except: [2] }),
      deletion(4, { from: 1, to: 1 }, 'restore', {}),
    ]);
    await service.takeTurn(DELETED_AT + 9 * KEPT_MS);
    expect(await texts()).toEqual(['text 1', 'text 2']);
  });

  // SQL was away when it was restored: the archive brings the act later, and the text was gone by then.
  it('leaves what was shown again by an act that SQL has not got yet', async () => {
    const shown = { seq: 5, range: { from: 1, to: 1 }, hidden: false, by: 'moderator', at: 9 } as const;
    const { archive, service, texts } = await open(100, [shown]);
    await archive.append([entry(1, { msg: 'text 1' }), deletion(2, { from: 1, to: 1 })]);
    await service.takeTurn(DELETED_AT + 9 * KEPT_MS);
    expect(await texts()).toEqual(['text 1']);
  });

  it('waits for what SQL has not got yet', async () => {
    const { archive, service, dropped } = await open(0);
    await archive.append([entry(1), deletion(2, { from: 1, to: 1 })]);
    await service.takeTurn(DELETED_AT + 9 * KEPT_MS);
    expect(dropped).toEqual([]);
  });
});
