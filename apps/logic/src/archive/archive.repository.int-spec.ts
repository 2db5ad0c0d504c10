import { messageBody, type DispatchEntry } from '@parley/contracts';
import { describe, expect, it } from 'vitest';
import {
  describeSql,
  openSql,
  openSqliteConnection,
  rawSql,
  sqlite,
} from '../database/sql-databases.conformance.js';
import { ArchiveRepository } from './archive.repository.js';

/** An entry as the accept script makes it. */
function entry(
  seq: number,
  more: { roomId?: number; clientMsgId?: string; senderId?: number; msg?: string } = {},
): DispatchEntry {
  const { roomId = 1, clientMsgId = `c-${seq}`, senderId = 3, msg = `message ${seq}` } = more;
  const body = messageBody({
    code: 0,
    op: 3,
    msg,
    fromUserId: senderId,
    fromUserName: 'demo',
    toUserId: 0,
    toUserName: '',
    roomId,
    createTime: '2026-11-23 08:01:39',
    id: `id-${roomId}-${seq}`,
    clientMsgId,
    sentAt: 1_764_000_000_000 + seq,
  });
  return { roomId, seq, epoch: 'e1', body };
}

const entries = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => entry(from + i));
const seqs = (page: readonly { seq: number }[]) => page.map(({ seq }) => seq);

describeSql('ArchiveRepository', (server) => {
  const open = async () => {
    const url = await server.createDatabase();
    const app = await openSql(url);
    return { url, archive: app.get(ArchiveRepository) };
  };

  it('gives back the body exactly as it was accepted', async () => {
    const { archive } = await open();
    const odd = entry(1, { msg: 'quote " backslash \\ NUL \u0000 emoji 🎓 lone \ud800 line\u2028' });
    await archive.append([odd]);
    expect(await archive.page(1, { after: 0, limit: 10 })).toMatchObject([
      { seq: 1, epoch: 'e1', body: odd.body },
    ]);
  });

  it('pages forward, backward and from the end, ascending', async () => {
    const { archive } = await open();
    await archive.append([...entries(1, 10), entry(1, { roomId: 2 })]);
    expect(seqs(await archive.page(1, { after: 3, limit: 3 }))).toEqual([4, 5, 6]);
    expect(seqs(await archive.page(1, { before: 9, limit: 3 }))).toEqual([6, 7, 8]);
    expect(seqs(await archive.page(1, { limit: 3 }))).toEqual([8, 9, 10]);
    expect(await archive.page(1, { after: 10, limit: 3 })).toEqual([]);
    expect(await archive.page(1, { before: 1, limit: 3 })).toEqual([]);
    expect(seqs(await archive.page(1, { after: 0, limit: 200 }))).toEqual(seqs(entries(1, 10)));
    expect(await archive.page(Number.MAX_SAFE_INTEGER, { after: 0, limit: 1 })).toEqual([]);
  });

  it('knows the highest seq, also beyond 32 bits', async () => {
    const { archive } = await open();
    expect(await archive.maxSeq(1)).toBe(0);
    await archive.append([entry(2), entry(9_000_000_000), entry(3)]);
    expect(await archive.maxSeq(1)).toBe(9_000_000_000);
  });

  it('changes nothing when a batch comes again, whole or in parts', async () => {
    const { url, archive } = await open();
    await archive.append(entries(1, 300));
    const before = await rawSql(url, 'SELECT * FROM messages ORDER BY room_id, seq');
    await archive.append(entries(1, 300));
    await archive.append([
      ...entries(250, 300),
      { ...entry(7), epoch: 'other', body: entry(7, { msg: 'x' }).body },
    ]);
    expect(await rawSql(url, 'SELECT * FROM messages ORDER BY room_id, seq')).toEqual(before);
  });

  it('takes two batches that overlap, at once, from both ends', async () => {
    const { archive } = await open();
    await Promise.all([
      archive.append(entries(1, 200)),
      archive.append(entries(50, 250).reverse()),
      archive.append(entries(1, 250)),
    ]);
    expect(seqs(await archive.page(1, { after: 0, limit: 300 }))).toEqual(seqs(entries(1, 250)));
  });

  it('keeps a message whose clientMsgId is taken, without the id', async () => {
    const { archive } = await open();
    const find = (roomId: number, senderId: number, clientMsgId: string) =>
      archive.findSent(roomId, [{ senderId, clientMsgId }]);
    await archive.append([entry(1, { clientMsgId: 'same' }), entry(2, { clientMsgId: 'same' })]);
    await archive.append([entry(3, { clientMsgId: 'same' }), entry(4, { clientMsgId: 'same', senderId: 4 })]);
    expect(seqs(await archive.page(1, { after: 0, limit: 10 }))).toEqual([1, 2, 3, 4]);
    expect((await find(1, 3, 'same'))[0]).toMatchObject({
      seq: 1,
      epoch: 'e1',
      body: entry(1, { clientMsgId: 'same' }).body,
    });
    expect(await find(1, 4, 'same')).toMatchObject([{ seq: 4 }]);
    expect(await find(2, 3, 'same')).toEqual([]);
    const pairs = [3, 4].map((senderId) => ({ senderId, clientMsgId: 'same' }));
    expect(await archive.findSent(1, pairs)).toHaveLength(2);
    expect(await archive.findSent(1, [])).toEqual([]);
  });

  // The rows of the batch were counted over the range from its lowest to its highest seq. Others' rows in that range
  // made up for the one that the unique index had kept out, and an accepted message was gone.
  it('keeps it also when the rest of the range is archived already', async () => {
    const { archive } = await open();
    await archive.append([entry(1, { clientMsgId: 'same' }), ...entries(5, 8)]);
    await archive.append([entry(4), entry(9, { clientMsgId: 'same' })]);
    expect(seqs(await archive.page(1, { after: 0, limit: 20 }))).toEqual([1, 4, 5, 6, 7, 8, 9]);
  });

  // One entry that cannot be parsed made the whole batch fail, for ever: nothing behind it was archived.
  it('stores a body it cannot read, and everything around it', async () => {
    const { archive } = await open();
    const broken = { roomId: 1, seq: 2, epoch: 'e1', body: '{"code":0' };
    const notJson = { roomId: 1, seq: 3, epoch: 'e1', body: '{nonsense' };
    await archive.append([entry(1), broken, notJson, entry(4)]);
    expect(await archive.page(1, { after: 0, limit: 10 })).toMatchObject(
      [{ seq: 1 }, broken, notJson, { seq: 4 }].map(({ seq }) => ({ seq })),
    );
  });
});

describe('ArchiveRepository on a locked SQLite file', () => {
  it('waits for another process and then writes; reading goes on meanwhile', async () => {
    const url = await sqlite.createDatabase();
    const archive = (await openSql(url)).get(ArchiveRepository);
    await archive.append([entry(1)]);
    const other = await openSqliteConnection(url);
    await other.all('BEGIN IMMEDIATE');
    let written = false;
    const appending = archive.append([entry(2)]).then(() => (written = true));
    const start = Date.now();
    while (Date.now() - start < 2_000) {
      expect(seqs(await archive.page(1, { after: 0, limit: 10 }))).toEqual([1]);
      expect(written).toBe(false);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await other.all('COMMIT');
    await other.close();
    await appending;
    expect(seqs(await archive.page(1, { after: 0, limit: 10 }))).toEqual([1, 2]);
  });
});
