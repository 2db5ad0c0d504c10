import { ParkingStore, PresenceStore, RoomStore, type GoodWhile } from '@parley/redis';
import { eventually, startRedis, uniquePrefix } from '@parley/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSql, sqlite } from '../database/sql-databases.conformance.js';
import { startLogic } from '../line/logic.fixture.js';
import { ParkedRoomsRepository } from '../rooms/parked-rooms.repository.js';
import { RoomParkingService } from './room-parking.service.js';

const room = 1;
const IDLE_MS = 1;

/** A logic process that parks rooms as soon as they are unused, on a Redis and a SQLite of its own. */
async function setUp() {
  const redis = await startRedis({ appendFsync: 'always' });
  onTestFinished(() => redis.stop());
  const sql = await openSql(await sqlite.createDatabase());
  const prefix = uniquePrefix();
  const start = async () => {
    const process = await startLogic(redis.url, prefix, sql);
    onTestFinished(() => process.die());
    return process;
  };
  const logic = await start();
  const { main } = logic.connections;
  const parked = sql.get(ParkedRoomsRepository);
  const store = new ParkingStore(main, logic.keys);
  const parking = new RoomParkingService({ roomIdleMs: IDLE_MS }, parked, store, {
    sweep: async () => undefined,
  });
  const stream = logic.keys.dispatch(logic.keys.shardOf(room));
  const groups = ['dispatch', 'archive'];
  /** What the worker does with all that was accepted. */
  const work = async (...which: string[]) => {
    for (const group of which) {
      await main.xgroup('CREATE', stream, group, '0', 'MKSTREAM').catch(() => undefined);
      const read = (await main.xreadgroup('GROUP', group, 'c', 'COUNT', 1_000, 'STREAMS', stream, '>')) as
        [string, [string, string[]][]][] | null;
      for (const [id, fields] of read?.[0]?.[1] ?? []) {
        if (group === 'archive') {
          const [, roomId, , seq, , epoch, , body] = fields as [
            string,
            string,
            string,
            string,
            string,
            string,
            string,
            string,
          ];
          await logic.archive.append([{ roomId: Number(roomId), seq: Number(seq), epoch, body }]);
          await logic.store.markArchived(Number(roomId), Number(seq));
        }
        await main.xack(stream, group, id);
      }
    }
  };
  const turns = async (count: number) => {
    for (let i = 0; i < count; i++) await parking.takeTurn();
  };
  const isThere = async () => (await main.exists(logic.keys.roomHead(room), logic.keys.roomLog(room))) > 0;
  return { redis, sql, start, logic, main, parked, store, parking, groups, work, turns, isThere };
}

describe('a room that nobody uses', { timeout: 40_000 }, () => {
  it('leaves Redis once it is archived and delivered, and comes back with its epoch and seq', async () => {
    const { logic, start, groups, work, turns, isThere, main } = await setUp();
    await logic.accepted(room, 'one');
    const last = await logic.accepted(room, 'two');
    await work(...groups);
    await turns(1);
    // The first look only notes where it is.
    expect(await isThere()).toBe(true);
    await turns(1);
    expect(await isThere()).toBe(false);
    expect(
      (await main.keys(`${logic.keys.prefix}*:room:${room}:*`)).filter((key) => !key.includes(':sent:')),
    ).toEqual([]);
    // Two processes need it at once, one of them for a gateway that shows it still.
    const other = await start();
    const [a, b] = await Promise.all([
      logic.heads.ensure(room),
      other.heads.outlive(room, { seq: 2, epoch: last.epoch }),
    ]);
    expect([a, b].map(({ seq, epoch }) => ({ seq, epoch }))).toEqual(
      Array(2).fill({ seq: 2, epoch: last.epoch }),
    );
    expect(await other.accepted(room, 'three')).toMatchObject({ seq: 3, epoch: last.epoch });
    // What was sent before it left is known still.
    expect(await logic.send(room, 'two', last.clientMsgId)).toMatchObject({
      ok: true,
      ack: { seq: 2, duplicate: true },
    });
  });

  it('stays while it has members, is not archived, not delivered, or in use', async () => {
    const { logic, main, work, turns, isThere } = await setUp();
    await logic.accepted(room, 'one');
    await turns(3);
    expect(await isThere(), 'not archived').toBe(true);
    await work('archive');
    await main.xgroup('CREATE', logic.keys.dispatch(logic.keys.shardOf(room)), 'dispatch', '0');
    await turns(3);
    expect(await isThere(), 'not delivered').toBe(true);
    await work('dispatch');
    const presence = new PresenceStore(main, logic.keys);
    const share = (added: { userId: number; userName: string }[], removed: number[]) =>
      presence.share(room, 'gw-1', { complete: false, added, removed });
    await share([{ userId: 3, userName: 'demo' }], []);
    await turns(3);
    expect(await isThere(), 'a member').toBe(true);
    await share([], [3]);
    await logic.accepted(room, 'two');
    await work('archive', 'dispatch');
    await turns(1);
    expect(await isThere(), 'used since the last look').toBe(true);
    await turns(1);
    expect(await isThere()).toBe(false);
  });

  it('does not leave again right after it came back', async () => {
    const { logic, groups, work, turns, isThere, sql } = await setUp();
    await logic.accepted(room, 'one');
    await work(...groups);
    await turns(2);
    expect(await isThere()).toBe(false);
    await logic.heads.ensure(room);
    const slow = new RoomParkingService(
      { roomIdleMs: 60_000 },
      sql.get(ParkedRoomsRepository),
      new ParkingStore(logic.connections.main, logic.keys),
      { sweep: async () => undefined },
    );
    for (let i = 0; i < 3; i++) await slow.takeTurn();
    expect(await isThere()).toBe(true);
  });

  // Kept positions that outlive their room's next message would give its number to another one.
  it.each(['before it has left', 'after it came back'])(
    'never gets a number twice when Redis is emptied %s',
    async (when) => {
      const { logic, groups, work, turns, parked, store, main, isThere } = await setUp();
      await logic.accepted(room, 'one');
      await work(...groups);
      await turns(1);
      if (when === 'before it has left') {
        // The process that parks it dies between SQL and Redis.
        const look = await store.unload(room, IDLE_MS);
        if (look.kind !== 'ready') throw new Error(look.kind);
        await parked.park([{ roomId: room, position: look.position }]);
      } else {
        await turns(1);
        expect(await isThere()).toBe(false);
      }
      const lost = await logic.accepted(room, 'two');
      expect(lost.seq).toBe(2);
      await main.flushall();
      const next = await eventually(() => logic.accepted(room, 'three'), {
        timeoutMs: 10_000,
        intervalMs: 50,
      });
      expect(next.epoch).not.toBe(lost.epoch);
      expect(next.seq).toBeGreaterThan(2);
    },
  );

  it('is given no position that was read too long ago, or belongs to another generation', async () => {
    const { logic } = await setUp();
    await logic.heads.ensure(2).catch(() => undefined);
    const store: RoomStore = logic.store;
    const start = { epoch: 'old', floor: 5, ceiling: 5, archived: 5 };
    const nowMs = await store.nowMs();
    const generation = '';
    const restore = (keptFloor: number, goodWhile: GoodWhile) =>
      store.restoreHead(3, { ...start, keptFloor, goodWhile });
    expect(await restore(0, { generation, untilMs: nowMs - 1 })).toBe('late');
    expect(await restore(0, { generation: 'x', untilMs: nowMs + 9_000 })).toBe('ended');
    expect(await restore(2, { generation, untilMs: nowMs + 9_000 })).toEqual({
      seq: 5,
      epoch: 'old',
      floor: 2,
      created: true,
    });
  });

  it('goes on in a new epoch when SQL knows of messages above the kept position', async () => {
    const { logic, groups, work, turns } = await setUp();
    const { epoch } = await logic.accepted(room, 'one');
    await work(...groups);
    await turns(2);
    await logic.archive.append([{ roomId: room, seq: 2, epoch, body: '{"x":1' }]);
    const head = await logic.heads.ensure(room);
    expect(head.epoch).not.toBe(epoch);
    expect(head.seq).toBeGreaterThanOrEqual(2);
  });
});
