import { sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { openSql, sqlite } from '../database/sql-databases.conformance.js';
import { startLogic } from '../line/logic.fixture.js';
import { MAX_UNARCHIVED } from './sent-before.service.js';

const room = 1;

afterAll(async () => (await sharedRedis()).stop());

async function setUp() {
  const { url } = await sharedRedis();
  const logic = await startLogic(url, uniquePrefix(), await openSql(await sqlite.createDatabase()));
  onTestFinished(() => logic.die());
  const { store, archive, connections, keys } = logic;
  /** What the archiver does with the oldest messages that it has not stored. */
  const archiveUpTo = async (seq: number) => {
    const { archived } = await store.watermarks(room);
    const entries = await store.range(room, archived + 1, seq, MAX_UNARCHIVED);
    await archive.append(entries.map((entry) => ({ ...entry, roomId: room })));
    await store.markArchived(room, seq);
  };
  /** Ten minutes, or a clock that went forward: the record of an id ends. */
  const forget = (clientMsgId: string) => connections.main.del(keys.roomSent(room, 3, clientMsgId));
  /** So many more messages. */
  const more = (count: number) =>
    Promise.all(Array.from({ length: count }, (_, n) => logic.accepted(room, `more ${n}`)));
  /** The log has dropped everything, archived or not. */
  const dropLog = () => connections.main.del(keys.roomLog(room));
  const head = async () => (await store.head(room))?.seq;
  return { ...logic, archiveUpTo, forget, more, dropLog, head };
}

const old = () => uuidv7({ msecs: Date.now() - 3_600_000 });

describe('a send that Redis has forgotten', { timeout: 40_000 }, () => {
  // SQL was away for longer than the record lived: its id was in neither when it was sent again, and accepted twice.
  it('is found in the log while the archive is behind, in SQL when it has caught up', async () => {
    const { accepted, forget, archiveUpTo, send, more } = await setUp();
    const id = old();
    const first = await accepted(room, 'once', id);
    await more(150);
    await forget(id);
    expect(await accepted(room, 'once', id)).toEqual({ ...first, duplicate: true });
    expect(await send(room, 'another', id)).toEqual({ ok: false, code: 'IDEMPOTENCY_MISMATCH' });
    await archiveUpTo(100);
    expect(await accepted(room, 'once', id)).toEqual({ ...first, duplicate: true });
    // Another's message under the same id is another's.
    expect(await accepted(room, 'new', old())).toMatchObject({ seq: 152, duplicate: false });
  });

  it('is looked for among 1,000 messages that are not archived; behind more, its sender comes back', async () => {
    const { accepted, forget, archiveUpTo, send, more } = await setUp();
    const id = old();
    const first = await accepted(room, 'once', id);
    await more(MAX_UNARCHIVED - 2);
    await forget(id);
    expect(await accepted(room, 'once', id)).toEqual({ ...first, duplicate: true });
    await accepted(room, 'one more');
    expect(await send(room, 'once', id)).toEqual({ ok: false, code: 'UNAVAILABLE', retryAfterMs: 2_000 });
    await archiveUpTo(500);
    expect(await accepted(room, 'once', id)).toEqual({ ...first, duplicate: true });
  });
});

// Each hid that the other did not work.
describe('a send that comes again', { timeout: 40_000 }, () => {
  it('is answered with its first number by the archive alone: Redis has neither its record nor its log', async () => {
    const { accepted, archiveUpTo, forget, dropLog, send, head } = await setUp();
    const id = old();
    const first = await accepted(room, 'once', id);
    await accepted(room, 'another');
    await archiveUpTo(2);
    await Promise.all([forget(id), dropLog()]);
    expect(await accepted(room, 'once', id)).toEqual({ ...first, duplicate: true });
    expect(await send(room, 'other text', id)).toEqual({ ok: false, code: 'IDEMPOTENCY_MISMATCH' });
    expect(await head()).toBe(2);
  });

  it('is answered with it by the record alone: neither SQL nor the log has it', async () => {
    const { accepted, dropLog, send, head } = await setUp();
    for (const id of [old(), uuidv7()]) {
      const first = await accepted(room, 'once', id);
      await dropLog();
      expect(await accepted(room, 'once', id)).toEqual({ ...first, duplicate: true });
      expect(await send(room, 'other text', id)).toEqual({ ok: false, code: 'IDEMPOTENCY_MISMATCH' });
    }
    expect(await head()).toBe(2);
  });

  it('is answered with it by the record, without a question, while SQL is away', async () => {
    const { accepted, archive } = await setUp();
    const id = uuidv7();
    const first = await accepted(room, 'once', id);
    vi.spyOn(archive, 'findSent').mockRejectedValue(new Error('SQL is away'));
    expect(await accepted(room, 'once', id)).toEqual({ ...first, duplicate: true });
  });
});
