import { AppError } from '@parley/protocol';
import { eventually, startRedis, uniquePrefix, type RedisHarness } from '@parley/testing';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openSql, sqlite } from '../database/sql-databases.conformance.js';
import { ROOM_IDLE_MS, startLogic } from '../line/logic.fixture.js';

const room = 1;
const STEP = 100_000;

/** Emptied by its tests, so its own: one after the other. */
let redis: RedisHarness;
beforeAll(async () => void (redis = await startRedis({ appendFsync: 'always' })));
afterAll(() => redis.stop());

async function setUp() {
  const url = await sqlite.createDatabase();
  const prefix = uniquePrefix();
  const start = async () => {
    const logic = await startLogic(redis.url, prefix, await openSql(url));
    onTestFinished(() => logic.die());
    return logic;
  };
  const logic = await start();
  /** Each was acknowledged: none may come twice, and each was reserved before. */
  const acked: number[] = [];
  const accepted = async (by = logic, send = () => by.accepted(room, 'a message')) => {
    const ack = await send();
    expect(await by.seqCeiling(room)).toBeGreaterThanOrEqual(ack.seq);
    expect(ack.seq).toBeGreaterThan(Math.max(0, ...acked));
    acked.push(ack.seq);
    return ack;
  };
  /** Redis loses everything, and knows the processes again that are connected. */
  const empty = async (...noted: (typeof logic)[]) => {
    for (const one of noted) await one.line.noteNow();
    await logic.connections.main.flushall();
  };
  /** Refusals are waited out; what is then acknowledged counts. */
  const back = (by = logic) =>
    accepted(by, () => eventually(() => by.accepted(room, 'a message'), { timeoutMs: 20_000 }));
  /** Some thousands were sent. */
  const advanceTo = async (seq: number) => {
    await logic.heads.ensure(room);
    await logic.connections.main.hset(logic.keys.roomHead(room), 'seq', seq);
    acked.push(seq);
  };
  const sendMany = (count: number) =>
    logic.publishing.publishMany(
      Array.from({ length: count }, (_, i) => ({
        from: { userId: 3, userName: 'demo' },
        roomId: room,
        text: `m${i}`,
        clientMsgId: uuidv7(),
      })),
    );
  return { logic, start, accepted, empty, back, advanceTo, sendMany };
}

describe('numbers, when Redis is emptied', { timeout: 60_000 }, () => {
  it('go on above all that were acknowledged, also those that SQL has not got', async () => {
    const { logic, start, accepted, empty, back } = await setUp();
    const other = await start();
    for (let i = 0; i < 3; i++) await accepted();
    const entries = await logic.store.range(room, 1, 2, 10);
    await logic.archive.append(entries.map((entry) => ({ ...entry, roomId: room })));
    await logic.store.markArchived(room, 2);
    const last = await accepted(other);
    await empty(logic, other);
    const first = await back(other);
    expect(first.epoch).not.toBe(last.epoch);
    // Again before anything of the new epoch is in SQL, or half of the step is used.
    for (let i = 0; i < 2; i++) await accepted();
    await empty(logic, other);
    expect((await back()).epoch).not.toBe(first.epoch);
    expect(await logic.archive.maxSeq(room)).toBe(2);
  });

  it('go on above those whose reservation nobody lived to use', async () => {
    const { logic, start, accepted, empty, back } = await setUp();
    await accepted();
    await empty(logic);
    await eventually(() => logic.line.proven());
    // It dies between SQL and Redis.
    vi.spyOn(logic.store, 'restoreHead').mockRejectedValueOnce(new Error('killed'));
    await expect(logic.heads.ensure(room)).rejects.toThrow('killed');
    const reserved = await logic.seqCeiling(room);
    expect(reserved).toBe(2 * STEP);
    const other = await start();
    expect((await back(other)).seq).toBe(reserved + 1);
  });

  describe('go on above what others gave while one who makes them anew was paused', () => {
    type Logic = Awaited<ReturnType<typeof setUp>>['logic'];
    /** Where he is paused: what he asks SQL is answered, but he does not know it yet. */
    const pauses = {
      'before he reserved his own': (logic: Logic, pause: () => Promise<void>) => {
        const ask = logic.archive.maxSeq.bind(logic.archive);
        vi.spyOn(logic.archive, 'maxSeq').mockImplementationOnce(async (...args) => {
          const answer = await ask(...args);
          await pause();
          return answer;
        });
      },
      'after he reserved his own': (logic: Logic, pause: () => Promise<void>) => {
        const ask = logic.rooms.reserveSeqs.bind(logic.rooms);
        vi.spyOn(logic.rooms, 'reserveSeqs').mockImplementationOnce(async (...args) => {
          const answer = await ask(...args);
          await pause();
          return answer;
        });
      },
    };
    const setUpPaused = async (where: keyof typeof pauses, forMs = 0) => {
      const { logic, start, empty } = await setUp();
      const other = await start();
      let goOn: (() => void) | undefined;
      pauses[where](logic, () => new Promise<void>((resolve) => (goOn = resolve)));
      vi.spyOn(logic.store, 'nowMs').mockResolvedValueOnce((await logic.store.nowMs()) - forMs);
      const paused = logic.heads.ensure(room);
      await eventually(() => expect(goOn).toBeDefined());
      await logic.connections.main.del(logic.keys.roomRestoring(room));
      const { seq } = await other.accepted(room, 'issued meanwhile');
      const goesOn = async () => {
        goOn?.();
        await paused;
        expect((await logic.accepted(room, 'after')).seq).toBeGreaterThan(seq);
      };
      return { logic, other, empty, seq, goesOn };
    };

    it.each(Object.keys(pauses) as (keyof typeof pauses)[])('%s, and Redis emptied again', async (where) => {
      const { logic, other, empty, goesOn } = await setUpPaused(where);
      await empty(logic, other);
      await eventually(() => Promise.all([logic.line.proven(), other.line.proven()]), { timeoutMs: 20_000 });
      await goesOn();
    });

    it.each(Object.keys(pauses) as (keyof typeof pauses)[])(
      '%s, and the room left Redis unused',
      async (where) => {
        const { logic, seq, goesOn } = await setUpPaused(where, ROOM_IDLE_MS);
        // What parking does, after its time.
        const [entry] = await logic.store.range(room, seq, seq, 1);
        await logic.archive.append([{ roomId: room, body: '', epoch: '', seq, ...entry }]);
        await logic.connections.main.del(logic.keys.roomHead(room), logic.keys.roomLog(room));
        await goesOn();
      },
    );
  });

  it('are given by nobody while SQL reserves none, and go on above all when it does', async () => {
    const { logic, accepted, empty, back } = await setUp();
    await accepted();
    await empty(logic);
    await eventually(() => logic.line.proven());
    vi.spyOn(logic.rooms, 'reserveSeqs').mockRejectedValueOnce(new AppError('UNAVAILABLE'));
    expect(await logic.send(room, 'refused')).toEqual({ ok: false, code: 'UNAVAILABLE' });
    expect(await logic.store.head(room)).toBeUndefined();
    expect((await back()).seq).toBe(STEP + 1);
  });
});

describe('numbers, at the end of what is reserved', { timeout: 40_000 }, () => {
  it('go on in one batch without a gap, in the order of the sends and in one epoch', async () => {
    const { logic, accepted, advanceTo, sendMany } = await setUp();
    const { epoch } = await accepted();
    await advanceTo(STEP - 3);
    const results = await sendMany(8);
    expect(results.map((result) => result.ok && result.ack.seq)).toEqual(
      Array.from({ length: 8 }, (_, i) => STEP - 2 + i),
    );
    expect(new Set(results.map((result) => result.ok && result.ack.epoch))).toEqual(new Set([epoch]));
    const log = await logic.store.range(room, STEP - 2, undefined, 100);
    expect(log.map(({ body }) => (JSON.parse(`${body}}`) as { msg: string }).msg)).toEqual(
      Array.from({ length: 8 }, (_, i) => `m${i}`),
    );
    expect(await logic.seqCeiling(room)).toBeGreaterThanOrEqual(STEP + 5);
  });

  it('are refused above it while SQL reserves none, and are not skipped', async () => {
    const { logic, accepted, advanceTo, sendMany } = await setUp();
    await accepted();
    await advanceTo(STEP - 2);
    const raise = vi.spyOn(logic.rooms, 'raiseSeqCeiling').mockRejectedValue(new AppError('UNAVAILABLE'));
    const refused = { ok: false, code: 'UNAVAILABLE' };
    expect(await sendMany(4)).toMatchObject([
      { ok: true, ack: { seq: STEP - 1 } },
      { ok: true, ack: { seq: STEP } },
      refused,
      refused,
    ]);
    expect(await logic.connections.main.hget(logic.keys.roomHead(room), 'ceiling')).toBe(`${STEP}`);
    raise.mockRestore();
    expect(await sendMany(1)).toMatchObject([{ ok: true, ack: { seq: STEP + 1 } }]);
  });

  it('are reserved ahead: nobody waits for SQL at the half of a step', async () => {
    const { logic, accepted, advanceTo } = await setUp();
    await accepted();
    await advanceTo(STEP / 2);
    const { seq } = await accepted();
    await eventually(async () => expect(await logic.seqCeiling(room)).toBe(seq + STEP));
    await eventually(async () =>
      expect(await logic.connections.main.hget(logic.keys.roomHead(room), 'ceiling')).toBe(`${seq + STEP}`),
    );
  });
});
