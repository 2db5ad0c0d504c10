import { startRedis, uniquePrefix } from '@parley/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { openSql, sqlite } from '../database/sql-databases.conformance.js';
import { startLogic } from '../line/logic.fixture.js';
import { MAX_UNARCHIVED } from './sent-before.service.js';

const room = 1;

async function setUp() {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const logic = await startLogic(redis.url, uniquePrefix(), await openSql(await sqlite.createDatabase()));
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
  return { ...logic, archiveUpTo, forget };
}

describe('a send that Redis has forgotten', { timeout: 40_000 }, () => {
  const old = () => uuidv7({ msecs: Date.now() - 3_600_000 });

  // SQL was away for longer than the record lived: its id was in neither when it was sent again, and accepted twice.
  it('is found in the log while the archive is behind, in SQL when it has caught up', async () => {
    const { accepted, forget, archiveUpTo, send } = await setUp();
    const id = old();
    const first = await accepted(room, 'once', id);
    for (let n = 0; n < 150; n++) await accepted(room, `more ${n}`);
    await forget(id);
    expect(await accepted(room, 'once', id)).toEqual({ ...first, duplicate: true });
    expect(await send(room, 'another', id)).toEqual({ ok: false, code: 'IDEMPOTENCY_MISMATCH' });
    await archiveUpTo(100);
    expect(await accepted(room, 'once', id)).toEqual({ ...first, duplicate: true });
    // Another's message under the same id is another's.
    expect(await accepted(room, 'new', old())).toMatchObject({ seq: 152, duplicate: false });
  });

  it('is looked for among 1,000 messages that are not archived; behind more, its sender comes back', async () => {
    const { accepted, forget, archiveUpTo, send } = await setUp();
    const id = old();
    const first = await accepted(room, 'once', id);
    for (let n = 0; n < MAX_UNARCHIVED - 2; n++) await accepted(room, `more ${n}`);
    await forget(id);
    expect(await accepted(room, 'once', id)).toEqual({ ...first, duplicate: true });
    await accepted(room, 'one more');
    expect(await send(room, 'once', id)).toEqual({ ok: false, code: 'UNAVAILABLE', retryAfterMs: 2_000 });
    await archiveUpTo(500);
    expect(await accepted(room, 'once', id)).toEqual({ ...first, duplicate: true });
  });
});
