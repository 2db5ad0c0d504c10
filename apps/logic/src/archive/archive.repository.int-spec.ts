import type { DispatchEntry } from '@parley/contracts';
import { describe, expect, it } from 'vitest';
import {
  describeSql,
  openSql,
  openSqliteConnection,
  rawSql,
  sqlite,
} from '../database/sql-databases.conformance.js';
import { ArchiveRepository } from './archive.repository.js';
import { entry } from './entry.fixture.js';

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
    expect(await archive.originals(1, { after: 0, limit: 10 })).toMatchObject([
      { seq: 1, epoch: 'e1', body: odd.body },
    ]);
  });

  it('has each thing of a message in its column', async () => {
    const { url, archive } = await open();
    await archive.append([entry(5, { roomId: 2, senderId: 4 })]);
    const [row] = await rawSql(
      url,
      'SELECT room_id, seq, id, epoch, sender_id, kind, client_msg_id, sent_at FROM messages',
    );
    expect(Object.values(row ?? {}).map(String)).toEqual([
      '2',
      '5',
      'id-2-5',
      'e1',
      '4',
      '3',
      'c-5',
      '1764000000005',
    ]);
  });

  it('pages forward, backward and from the end, ascending', async () => {
    const { archive } = await open();
    await archive.append([...entries(1, 10), entry(1, { roomId: 2 })]);
    expect(seqs(await archive.originals(1, { after: 3, limit: 3 }))).toEqual([4, 5, 6]);
    expect(seqs(await archive.originals(1, { before: 9, limit: 3 }))).toEqual([6, 7, 8]);
    expect(seqs(await archive.originals(1, { limit: 3 }))).toEqual([8, 9, 10]);
    expect(await archive.originals(1, { after: 10, limit: 3 })).toEqual([]);
    expect(await archive.originals(1, { before: 1, limit: 3 })).toEqual([]);
    expect(seqs(await archive.originals(1, { after: 0, limit: 200 }))).toEqual(seqs(entries(1, 10)));
    expect(await archive.originals(Number.MAX_SAFE_INTEGER, { after: 0, limit: 1 })).toEqual([]);
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
    expect(seqs(await archive.originals(1, { after: 0, limit: 400 }))).toEqual(seqs(entries(1, 300)));
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
    expect(seqs(await archive.originals(1, { after: 0, limit: 300 }))).toEqual(seqs(entries(1, 250)));
  });

  it('keeps a message whose clientMsgId is taken, without the id', async () => {
    const { archive } = await open();
    const find = (roomId: number, senderId: number, clientMsgId: string) =>
      archive.findSent(roomId, [{ senderId, clientMsgId }]);
    await archive.append([entry(1, { clientMsgId: 'same' }), entry(2, { clientMsgId: 'same' })]);
    await archive.append([entry(3, { clientMsgId: 'same' }), entry(4, { clientMsgId: 'same', senderId: 4 })]);
    expect(seqs(await archive.originals(1, { after: 0, limit: 10 }))).toEqual([1, 2, 3, 4]);
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
    expect(seqs(await archive.originals(1, { after: 0, limit: 20 }))).toEqual([1, 4, 5, 6, 7, 8, 9]);
  });

  // One entry that cannot be parsed made the whole batch fail, for ever: nothing behind it was archived.
  it('stores a body it cannot read, and everything around it', async () => {
    const { archive } = await open();
    const broken = { roomId: 1, seq: 2, epoch: 'e1', body: '{"code":0' };
    const notJson = { roomId: 1, seq: 3, epoch: 'e1', body: '{nonsense' };
    await archive.append([entry(1), broken, notJson, entry(4)]);
    expect(await archive.originals(1, { after: 0, limit: 10 })).toMatchObject(
      [{ seq: 1 }, broken, notJson, { seq: 4 }].map(({ seq }) => ({ seq })),
    );
  });
});

describeSql('What SQL does not take', (server) => {
  const open = async () => {
    const url = await server.createDatabase();
    return { url, archive: (await openSql(url)).get(ArchiveRepository) };
  };
  /** Has SQL refuse every row of a table whose `column` says poison, as a constraint of an operator's own would. */
  async function refusePoison(url: string, table: string, column: string): Promise<void> {
    if (server.kind === 'postgres')
      return void (await rawSql(url, `ALTER TABLE ${table} ADD CHECK (${column} NOT LIKE '%poison%')`));
    await rawSql(
      url,
      `CREATE TRIGGER ${table}_poison BEFORE INSERT ON ${table} WHEN NEW.${column} LIKE '%poison%'
       BEGIN SELECT RAISE(ABORT, 'poison'); END`,
    );
  }
  const reasons = ({ aside }: { aside: readonly { reason: string; entry: DispatchEntry }[] }) =>
    aside.map(({ reason, entry: { seq } }) => [seq, reason]);

  // One refused row failed its batch, which came again for ever: nothing behind it was archived.
  it('is set aside and stays readable, and everything around it is stored', async () => {
    const { url, archive } = await open();
    await refusePoison(url, 'messages', 'body');
    const batch = entries(1, 450).map((plain) =>
      [7, 8, 333].includes(plain.seq) ? entry(plain.seq, { msg: 'poison 🎓' }) : plain,
    );
    const outcome = await archive.append(batch);
    expect(outcome.homeless).toEqual([]);
    expect(reasons(outcome)).toEqual([
      [7, 'refused'],
      [8, 'refused'],
      [333, 'refused'],
    ]);
    expect(await rawSql(url, 'SELECT COUNT(*) AS n FROM messages')).toMatchObject([
      { n: server.kind === 'postgres' ? '447' : 447 },
    ]);
    const all = [
      ...(await archive.originals(1, { after: 0, limit: 300 })),
      ...(await archive.originals(1, { after: 300, limit: 300 })),
    ];
    expect(all.map(({ seq, body }) => ({ seq, body }))).toEqual(
      batch.map(({ seq, body }) => ({ seq, body })),
    );
    expect(seqs(await archive.originals(1, { before: 10, limit: 4 }))).toEqual([6, 7, 8, 9]);
    expect(await archive.findSent(1, [{ senderId: 3, clientMsgId: 'c-7' }])).toMatchObject([
      { seq: 7, body: batch[6]!.body },
    ]);
    // Again: nothing new, so no second alarm.
    expect(await archive.append(batch)).toEqual({ aside: [], homeless: [] });
  });

  it('counts for the highest seq, of its own room', async () => {
    const { url, archive } = await open();
    await refusePoison(url, 'messages', 'body');
    await archive.append([entry(1), entry(2, { msg: 'poison' }), entry(9, { roomId: 2, msg: 'poison' })]);
    expect(await archive.maxSeq(1)).toBe(2);
    await archive.append([entry(3)]);
    expect(await archive.maxSeq(1)).toBe(3);
  });

  it('comes in pages from either end, as if it were stored like the others', async () => {
    const { url, archive } = await open();
    await refusePoison(url, 'messages', 'body');
    const poison = (seq: number, roomId = 1) => entry(seq, { roomId, msg: 'poison' });
    await archive.append([...[1, 2, 3, 4, 5, 6].map((seq) => poison(seq)), entry(7), poison(4, 2)]);
    expect(seqs(await archive.originals(1, { after: 1, limit: 2 }))).toEqual([2, 3]);
    expect(seqs(await archive.originals(1, { before: 6, limit: 2 }))).toEqual([4, 5]);
    expect(seqs(await archive.originals(1, { limit: 3 }))).toEqual([5, 6, 7]);
    expect(seqs(await archive.originals(1, { after: 5, limit: 5 }))).toEqual([6, 7]);
  });

  it('is found by its sender and id, and not by those of others', async () => {
    const { url, archive } = await open();
    await refusePoison(url, 'messages', 'body');
    const send = { senderId: 3, clientMsgId: 'mine' };
    await archive.append([entry(1, { ...send, msg: 'poison' }), entry(2)]);
    // The second under one number is nobody's answer.
    const second = entry(2, { clientMsgId: 'second', msg: 'another' });
    expect(reasons(await archive.append([second]))).toEqual([[2, 'conflict']]);
    const find = async (roomId: number, senderId: number, clientMsgId: string) =>
      seqs(
        await archive.findSent(roomId, [
          { senderId, clientMsgId },
          { senderId: 9, clientMsgId: 'mine' },
        ]),
      );
    expect(await find(1, 3, 'mine')).toEqual([1]);
    expect(await find(1, 4, 'mine')).toEqual([]);
    expect(await find(2, 3, 'mine')).toEqual([]);
    expect(await find(1, 3, 'second')).toEqual([]);
  });

  it('is named when SQL refuses even to set it aside, and the rest is stored', async () => {
    const { url, archive } = await open();
    await refusePoison(url, 'messages', 'body');
    await refusePoison(url, 'messages_aside', 'entry');
    const poison = entry(2, { msg: 'poison' });
    expect(await archive.append([entry(1), poison, entry(3)])).toMatchObject({
      aside: [],
      homeless: [{ entry: poison, reason: 'refused' }],
    });
    expect(seqs(await archive.originals(1, { after: 0, limit: 10 }))).toEqual([1, 3]);
  });

  it('is not a row when no row can be stored: the database is UNAVAILABLE, and nothing is set aside', async () => {
    const { url, archive } = await open();
    await rawSql(url, 'ALTER TABLE messages RENAME TO gone');
    await rawSql(url, 'ALTER TABLE messages_aside RENAME TO gone_too');
    await expect(archive.append(entries(1, 500))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it.each<[string, (body: string) => string]>([
    ['a time that is no integer', (body) => body.replace(/"sentAt":\d+/, '"sentAt":1.5e300')],
    ['a sender that is no id', (body) => body.replace('"fromUserId":3', '"fromUserId":-3.5')],
    ['a NUL in an id', (body) => body.replace('"id":"id-1-2"', '"id":"\\u0000"')],
    ['half a surrogate pair in an id', (body) => body.replace('"id":"id-1-2"', '"id":"\\ud800"')],
    ['an endless id', (body) => body.replace('"id":"id-1-2"', `"id":"${'x'.repeat(9_000)}"`)],
    ['an endless clientMsgId', (body) => body.replace('"c-2"', `"${'x'.repeat(9_000)}"`)],
  ])('is no column: %s costs the column, not the message', async (_, spoil) => {
    const { archive } = await open();
    const odd = { ...entry(2), body: spoil(entry(2).body) };
    expect(odd.body).not.toBe(entry(2).body);
    expect(await archive.append([entry(1), odd, entry(3)])).toEqual({ aside: [], homeless: [] });
    expect(await archive.originals(1, { after: 1, limit: 1 })).toMatchObject([{ seq: 2, body: odd.body }]);
    expect(await archive.append([odd])).toEqual({ aside: [], homeless: [] });
  });

  // A page with one such message in it could be read by no client.
  it.each<[string, Partial<DispatchEntry>]>([
    ['a body that is not JSON', { body: '{nonsense' }],
    ['a body that is no message', { body: '{"code":0' }],
    ['a raw NUL in the body', { body: '{"code":0,"msg":"\0"' }],
    ['a lone surrogate', { body: '{"code":0,"msg":"\ud800' }],
    ['a NUL in the epoch', { epoch: 'e\0' }],
    ['a quote in the epoch', { epoch: 'e"1' }],
  ])('takes its number in history and is not shown: %s', async (_, more) => {
    const { url, archive } = await open();
    expect(reasons(await archive.append([entry(1), { ...entry(2), ...more }, entry(3)]))).toEqual([
      [2, 'unreadable'],
    ]);
    expect(await archive.originals(1, { after: 0, limit: 10 })).toMatchObject([
      { seq: 1, body: entry(1).body },
      { seq: 2, body: undefined },
      { seq: 3, body: entry(3).body },
    ]);
    const [kept] = await rawSql(url, 'SELECT entry FROM messages_aside');
    expect(JSON.parse(String(kept?.['entry']))).toEqual({ ...entry(2), ...more });
  });

  // ON CONFLICT DO NOTHING took another message under a known number for one that was there: it was gone.
  it('is a second message under one number: kept apart, and the first one stays', async () => {
    const { url, archive } = await open();
    await archive.append(entries(1, 5));
    const second = {
      ...entry(3),
      epoch: 'e2',
      // Its characters are kept by number, of as many digits as JSON wants.
      body: entry(3, { msg: 'another: é 中 😀' }).body.replace('id-1-3', 'id-x'),
    };
    const outcome = await archive.append([entry(2), second, entry(6)]);
    expect(reasons(outcome)).toEqual([[3, 'conflict']]);
    expect(await archive.originals(1, { after: 0, limit: 10 })).toMatchObject(
      entries(1, 6).map(({ seq, body }) => ({ seq, body })),
    );
    const [kept] = await rawSql(url, 'SELECT entry FROM messages_aside');
    expect(JSON.parse(String(kept?.['entry']))).toEqual(second);
    expect(await archive.append([second])).toEqual({ aside: [], homeless: [] });
  });

  it.each<[string, Partial<DispatchEntry>]>([
    ['another text', { body: entry(3, { msg: 'another' }).body }],
    ['another epoch', { epoch: 'e2' }],
  ])('is a second message when it has %s and all else is the same', async (_, more) => {
    const { archive } = await open();
    await archive.append(entries(1, 5));
    expect(reasons(await archive.append([entry(2), { ...entry(3), ...more }]))).toEqual([[3, 'conflict']]);
  });

  it('is also the second of two in one batch', async () => {
    const { archive } = await open();
    const second = { ...entry(1), body: entry(1, { clientMsgId: 'other' }).body.replace('id-1-1', 'id-x') };
    expect(reasons(await archive.append([entry(1), second]))).toEqual([[1, 'conflict']]);
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
    for (let i = 0; i < 20; i++) {
      expect(seqs(await archive.originals(1, { after: 0, limit: 10 }))).toEqual([1]);
      expect(written).toBe(false);
    }
    await other.all('COMMIT');
    await other.close();
    await appending;
    expect(seqs(await archive.originals(1, { after: 0, limit: 10 }))).toEqual([1, 2]);
  });
});
