import { messageJson } from '@parley/contracts';
import { AppError, kicksOf, limits, type ActInput, type Entry } from '@parley/protocol';
import { sharedRedis, uniquePrefix } from '@parley/testing';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ArchiveReader } from '../archive/archive-reader.js';
import { describeSql, openSql } from '../database/sql-databases.conformance.js';
import { SqlWriter } from '../database/sql-writer.js';
import { startLogic } from '../line/logic.fixture.js';
import { RoomAccessService } from '../messages/room-access.service.js';
import { SentBeforeService } from '../messages/sent-before.service.js';
import { RecordRepository } from '../record/record.repository.js';
import { ActsService, type ActCaller } from './acts.service.js';
import { MessageFinder } from './message-finder.js';
import { RoomRecordsService } from './room-records.service.js';

afterAll(async () => (await sharedRedis()).stop());

const OWNER: ActCaller = { userId: 3, userName: 'demo' };
const MEMBER: ActCaller = { userId: 4, userName: 'demo1' };
const OTHER: ActCaller = { userId: 5, userName: 'demo2' };
const people = [OWNER, MEMBER, OTHER];

describeSql('ActsService', (server) => {
  /** A room of OWNER's, in a process on a Redis and a database of the test's. */
  async function open(options: { actBurst?: number } = {}) {
    const sql = await openSql(await server.createDatabase());
    const prefix = uniquePrefix('acts');
    const { url } = await sharedRedis();
    const logic = await startLogic(url, prefix, sql);
    onTestFinished(() => logic.leave());
    const { store, heads, archive, rooms, line, events, publishing, connections, keys, marks } = logic;
    const record = sql.get(RecordRepository);
    const access = new RoomAccessService(rooms, events, store);
    const messages = new MessageFinder(store, archive);
    const sentBefore = new SentBeforeService(store, archive);
    const accounts = {
      findByIds: async (ids: readonly number[]) =>
        people.filter(({ userId }) => ids.includes(userId)).map((one) => ({ ...one, role: 'user' as const })),
    };
    const acts = new ActsService(
      access,
      heads,
      store,
      line,
      accounts,
      messages,
      publishing,
      record,
      marks,
      sentBefore,
      {
        actBurst: options.actBurst ?? 1_000,
        actsPerSecond: 1,
      },
    );
    const records = new RoomRecordsService(access, heads, store, accounts, record, messages);
    const { roomId } = await rooms.create('maths', OWNER.userId);
    const act = (from: ActCaller, what: ActInput, id: string = uuidv7()) =>
      acts.act(from, roomId, what as Parameters<ActsService['act']>[2], id);
    const say = async (from: ActCaller, text: string) => {
      const [result] = await publishing.publishMany([{ from, roomId, text, clientMsgId: uuidv7() }]);
      return result?.ok ? result.ack.seq : result?.code;
    };
    const log = async () =>
      (await store.range(roomId, 1, undefined, 500)).map((entry) => JSON.parse(messageJson(entry)) as Entry);
    /** Everything of the room's is gone from Redis, as after the loss of its disk. */
    const loseRedis = async () => {
      const names = await connections.main.keys(`${prefix}*room:${roomId}:*`);
      if (names.length > 0) await connections.main.del(...names);
    };
    /** As for marks about nothing that the log has. */
    const forgetMarks = () => connections.main.del(keys.roomMarks(roomId));
    /** What a reader of history is given from SQL. */
    const archived = async () =>
      (await new ArchiveReader(archive, marks).page(roomId, { after: 0, limit: 500 })).map(
        ({ seq, epoch, body = '' }) => JSON.parse(messageJson({ seq, epoch, body })) as Entry,
      );
    /** As the archive does: everything up to a number is in SQL, and then nowhere else. */
    const moveToSql = async (seq: number) => {
      await archive.append(
        (await store.originals(roomId, 1, seq, 500)).map((entry) => ({ roomId, ...entry })),
      );
      await store.markArchived(roomId, seq);
      await store.dropFromLog(roomId, seq);
    };
    const query = (text: string) => sql.get(SqlWriter).run((manager) => manager.query(text));
    return {
      ...{ acts, publishing, records, record, rooms, roomId, act, say, log, loseRedis, query, keys, store },
      ...{ sentBefore, archived, moveToSql, forgetMarks },
    };
  }

  it('holds on when Redis has lost everything of the room', async () => {
    const { act, say, records, roomId, loseRedis } = await open();
    await act(OWNER, { act: 'settings', mode: 'hosts', slowModeWaitTime: 5 });
    await act(OWNER, { act: 'role', userId: MEMBER.userId, role: 'moderator' });
    await act(OWNER, { act: 'ban', userId: OTHER.userId, reason: 'enough' });
    await loseRedis();
    expect(await say(OTHER, 'back again')).toBe('BANNED');
    expect(await say(MEMBER, 'I may')).toEqual(expect.any(Number));
    expect((await records.state(OWNER.userId, roomId)).state).toMatchObject({
      mode: 'hosts',
      slowModeWaitTime: 5,
      role: 'owner',
      roles: { [MEMBER.userId]: 'moderator' },
    });
    await expect(records.state(OTHER.userId, roomId)).rejects.toMatchObject({ code: 'BANNED' });
    expect((await records.restrictions(OWNER.userId, roomId)).restrictions).toMatchObject([
      { userId: OTHER.userId, kind: 'ban', by: 'demo', reason: 'enough' },
    ]);
  });

  it('answers a repeated act with its first ack, whatever has become of the room since', async () => {
    const { act, say, log } = await open();
    const seq = (await say(OWNER, 'pin me')) as number;
    const id = uuidv7();
    await act(OWNER, { act: 'pin', seq });
    const first = await act(OWNER, { act: 'unpin', seq }, id);
    // There is nothing to unpin any more.
    expect(await act(OWNER, { act: 'unpin', seq }, id)).toEqual({ ...first, duplicate: true });
    await expect(act(OWNER, { act: 'unpin', seq })).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' });
    expect(await log()).toHaveLength(3);
  });

  // An act under the id of a message was answered as if it had been done.
  // It was refused for good, and was in force.
  it('is not refused for good as long as nobody can tell whether it was done before', async () => {
    const { act, say, sentBefore } = await open();
    const seq = await say(OTHER, 'oh');
    await act(OWNER, { act: 'pin', seq: Number(seq) });
    await act(OWNER, { act: 'unpin', seq: Number(seq) }, 'unpinned');
    const find = vi.spyOn(sentBefore, 'find').mockRejectedValueOnce(new AppError('UNAVAILABLE'));
    const again = () => act(OWNER, { act: 'unpin', seq: Number(seq) }, 'unpinned');
    await expect(again()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(find).toHaveBeenCalledOnce();
    expect(await again()).toMatchObject({ clientMsgId: 'unpinned', duplicate: true });
  });

  it('refuses an id that was used for a message, or for another act', async () => {
    const { act, publishing, roomId } = await open();
    const id = uuidv7();
    await publishing.publishMany([{ from: OWNER, roomId, text: 'hello', clientMsgId: id }]);
    await expect(act(OWNER, { act: 'settings', mode: 'hosts' }, id)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
    const other = uuidv7();
    await act(OWNER, { act: 'settings', mode: 'hosts' }, other);
    await expect(act(OWNER, { act: 'settings', mode: 'closed' }, other)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
    const [result] = await publishing.publishMany([{ from: OWNER, roomId, text: 'x', clientMsgId: other }]);
    expect(result).toMatchObject({ ok: false, code: 'IDEMPOTENCY_MISMATCH' });
  });

  it('does of two acts at once each, and neither undoes the other', async () => {
    const { act, records, roomId } = await open();
    await Promise.all([
      act(OWNER, { act: 'settings', mode: 'members' }),
      act(OWNER, { act: 'settings', slowModeWaitTime: 7 }),
      act(OWNER, { act: 'role', userId: MEMBER.userId, role: 'owner' }),
      act(OWNER, { act: 'role', userId: OTHER.userId, role: 'owner' }),
    ]);
    expect((await records.state(OWNER.userId, roomId)).state).toMatchObject({
      mode: 'members',
      slowModeWaitTime: 7,
      roles: { 3: 'owner', 4: 'owner', 5: 'owner' },
    });
  });

  it('knows of late kicks as long as a gateway may have missed them, also of two at once', async () => {
    const { act, store, roomId } = await open();
    await Promise.all([MEMBER, OTHER].map(({ userId }) => act(OWNER, { act: 'kick', userId })));
    await act(OWNER, { act: 'kick', userId: MEMBER.userId });
    expect(kicksOf(await store.facts(roomId)).map(({ userId }) => userId)).toEqual([
      OTHER.userId,
      MEMBER.userId,
    ]);
  });

  it('keeps the last owner, also when two leave at once', async () => {
    const { act, records, roomId } = await open();
    await act(OWNER, { act: 'role', userId: MEMBER.userId, role: 'owner' });
    const outcomes = await Promise.allSettled([
      act(OWNER, { act: 'role', userId: OWNER.userId, role: 'member' }),
      act(MEMBER, { act: 'role', userId: MEMBER.userId, role: 'member' }),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(Object.values((await records.state(OWNER.userId, roomId)).state.roles)).toEqual(['owner']);
  });

  it('deletes what somebody wrote in the last seconds, and of a range only who is below', async () => {
    const { act, say, log } = await open();
    await act(OWNER, { act: 'role', userId: MEMBER.userId, role: 'moderator' });
    await say(OWNER, 'of the owner');
    await say(MEMBER, 'of a moderator');
    await say(OTHER, 'of a member');
    await act(MEMBER, { act: 'delete', from: 1, to: 99 });
    const texts = async () => (await log()).flatMap(({ msg }) => (msg ? [msg] : []));
    expect(await texts()).toEqual(['of the owner']);
    await say(OTHER, 'again');
    await act(MEMBER, { act: 'delete', userId: OTHER.userId, lastSeconds: 60 });
    expect(await texts()).toEqual(['of the owner']);
    await expect(act(MEMBER, { act: 'delete', userId: OWNER.userId, lastSeconds: 60 })).rejects.toMatchObject(
      {
        code: 'FORBIDDEN',
      },
    );
  });

  // Restored while SQL took nothing, it was given as deleted; and what was deleted then was given with its text.
  it('is in force for what only SQL has, also while SQL takes no act', async () => {
    const { act, say, record, archived, moveToSql } = await open();
    const seq = Number(await say(OTHER, 'oh'));
    await act(OWNER, { act: 'delete', seq });
    await moveToSql(seq + 1);
    const text = async () => (await archived())[0]?.msg;
    expect(await text()).toBeUndefined();
    vi.spyOn(record, 'keep').mockRejectedValue(new AppError('UNAVAILABLE'));
    await act(OWNER, { act: 'restore', seq });
    expect(await text()).toBe('oh');
    await act(OWNER, { act: 'delete', seq });
    expect(await text()).toBeUndefined();
  });

  it('gives back what a panic has hidden, also when only SQL has it', async () => {
    const { act, say, archived, moveToSql, forgetMarks } = await open();
    await say(OTHER, 'oh');
    const { seq } = await act(OWNER, { act: 'panic', hideLastSeconds: 60 });
    await moveToSql(seq);
    await forgetMarks();
    await act(OWNER, { act: 'calm', restore: true });
    expect((await archived())[0]?.msg).toBe('oh');
  });

  it('notes every act once in a log that nobody can change', async () => {
    const { act, records, record, roomId, query, store } = await open();
    const ack = await act(OWNER, { act: 'kick', userId: MEMBER.userId, reason: 'late' });
    // The archive brings the same entry again.
    const [raw] = await store.originals(roomId, ack.seq, ack.seq, 1);
    const kept = { act: 'kick', by: { userId: 99, userName: 'forged', role: 'owner' } };
    if (raw) await record.keep([{ roomId, ...raw, act: JSON.stringify(kept) }]);
    expect(await records.audit(OWNER.userId, roomId, { limit: limits.maxAuditPage })).toMatchObject({
      lines: [
        {
          act: 'kick',
          actor: { userName: 'demo', role: 'owner' },
          target: { userName: 'demo1' },
          reason: 'late',
        },
      ],
      more: false,
    });
    await expect(query(`UPDATE audit SET actor_name = 'nobody'`)).rejects.toThrow(/cannot be changed/);
    await expect(query('DELETE FROM audit')).rejects.toThrow(/cannot be changed/);
    await act(OWNER, { act: 'kick', userId: MEMBER.userId });
    expect(await records.audit(OWNER.userId, roomId, { limit: 1 })).toMatchObject({ more: true });
    await expect(records.audit(MEMBER.userId, roomId, { limit: 1 })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('lets an admin of the site take a room over, and nobody else', async () => {
    const { act, records, roomId } = await open();
    await expect(act(MEMBER, { act: 'takeOver' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await act({ ...OTHER, isAdmin: true }, { act: 'takeOver' });
    expect((await records.state(OTHER.userId, roomId)).state.role).toBe('owner');
    expect((await records.audit(OTHER.userId, roomId, { limit: 9 })).lines).toMatchObject([
      { act: 'takeOver' },
    ]);
  });

  it('takes so many acts of a user at once, and announcements of a room, and no more', async () => {
    const { act } = await open({ actBurst: 3 });
    await act(OWNER, { act: 'announce', msg: 'one' });
    await act(OWNER, { act: 'announce', msg: 'two' });
    await expect(act(OWNER, { act: 'announce', msg: 'three' })).rejects.toMatchObject({
      code: 'RATE_LIMITED',
    });
    await expect(act(OWNER, { act: 'settings', mode: 'hosts' })).rejects.toMatchObject({
      code: 'RATE_LIMITED',
    });
  });

  it('announces a text as long as a message may be, and no longer', async () => {
    const { act } = await open();
    await act(OWNER, { act: 'announce', msg: '👍'.repeat(limits.maxTextCodePoints) });
    await expect(
      act(OWNER, { act: 'announce', msg: '👍'.repeat(limits.maxTextCodePoints + 1) }),
    ).rejects.toMatchObject({ code: 'MESSAGE_TOO_LONG' });
  });

  it('is not for conversations', async () => {
    const { acts, rooms, roomId, query } = await open();
    await query(
      `INSERT INTO users (id, name, name_key, password_hash, created_at)
       VALUES (3, 'demo', 'demo', '', 0), (4, 'demo1', 'demo1', '', 0)`,
    );
    const direct = await rooms.findOrCreateDirect(OWNER.userId, MEMBER.userId);
    const admin = { ...OWNER, isAdmin: true };
    await expect(acts.act(admin, direct.roomId, { act: 'takeOver' }, uuidv7())).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(acts.act(admin, roomId + 999, { act: 'takeOver' }, uuidv7())).rejects.toMatchObject({
      code: 'ROOM_NOT_FOUND',
    });
  });
});

describe('the limits of acts', () => {
  it('are those of docs/bounds.md', () => {
    expect([limits.ownDeleteSeconds, limits.maxPins, limits.maxRoles, limits.maxRestrictions]).toEqual([
      900, 3, 200, 5_000,
    ]);
  });
});
