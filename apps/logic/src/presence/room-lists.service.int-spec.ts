import { limits } from '@parley/protocol';
import {
  EventBus,
  PresenceStore,
  RedisConnections,
  RedisKeys,
  RoomStore,
  DirectoryStore,
} from '@parley/redis';
import type { Registry } from '@parley/registry';
import { shardOf } from '@parley/sharding';
import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openSql, sqlite } from '../database/sql-databases.conformance.js';
import { NamesRepository } from '../directory/names.repository.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';
import { LivePresenceService } from './live-presence.service.js';
import { RoomListsService } from './room-lists.service.js';

afterAll(async () => (await sharedRedis()).stop());

const SHARDS = 32;
const ROOMS = 300;

/** Lists on a real Redis and SQLite, with rooms that have members on gateways; `live` of them have a lease. */
async function setUp(live: readonly string[]) {
  const connections = new RedisConnections((await sharedRedis()).url);
  onTestFinished(() => connections.close());
  const keys = new RedisKeys(uniquePrefix(), { shardCount: SHARDS, shardOf: (id) => shardOf(id, SHARDS) });
  const events = new EventBus(connections, keys, () => undefined);
  const presence = new PresenceStore(connections.main, keys);
  const sql = await openSql(await sqlite.createDatabase());
  const [rooms, names] = [sql.get(RoomsRepository), sql.get(NamesRepository)];
  const store = new RoomStore(connections.main, keys, {
    dedupWindowMs: 1,
    recentPastMs: 1,
    recentFutureMs: 1,
    maxPendingEntries: 1,
  });
  const registry = {
    list: () => live.map((instanceId) => ({ instanceId })),
    refresh: async () => [],
  } as unknown as Registry;
  const lists = new RoomListsService(
    rooms,
    new LivePresenceService(presence, registry, events),
    presence,
    store,
    names,
    new DirectoryStore(connections.main, keys),
  );
  const join = (roomId: number, on: string, userId: number) =>
    presence.share(roomId, on, { complete: false, added: [{ userId, userName: `u${userId}` }], removed: [] });
  return { connections, presence, rooms, lists, join };
}

describe('RoomListsService', () => {
  // Each list took two commands for each of five hundred rooms, for every client, and one after the other for the dead.
  it('costs Redis the same few commands, however many rooms there are and clients ask at once', async () => {
    const { connections, rooms, lists, join } = await setUp(['gw-1']);
    const made: number[] = [];
    for (let i = 0; i < ROOMS; i++) made.push((await rooms.create(`room ${i}`, 3)).roomId);
    await Promise.all(made.map((roomId, i) => join(roomId, 'gw-1', i + 1)));
    const commands = vi.spyOn(connections.main, 'sendCommand');
    const pages = await Promise.all(Array.from({ length: 500 }, () => lists.rooms(limits.maxListedRooms)));
    // Who holds what, and how many are online, for each shard once. Connections ask by themselves whether their server
    // is there: that one more failed this now and then.
    const asked = commands.mock.calls.map(([{ name }]) => name).filter((name) => name !== 'role');
    expect(new Set(asked)).toEqual(new Set(['get', 'smembers', 'zmscore']));
    // … and the version of the list.
    expect(asked.length).toBeLessThanOrEqual(2 * SHARDS + 1);
    expect(new Set(pages).size).toBe(1);
    const first = pages[0];
    expect(first?.rooms).toHaveLength(limits.maxListedRooms);
    expect(first?.rooms.every(({ online }) => online === 1)).toBe(true);
    const second = await lists.rooms(limits.maxListedRooms, first?.next);
    // The lobby is there from the start.
    expect(second.rooms).toHaveLength(ROOMS + 1 - limits.maxListedRooms);
    expect(second.next).toBeUndefined();
  });

  it('does not count those of a dead gateway, also in rooms that nobody looks at', async () => {
    const { presence, rooms, lists, join } = await setUp(['gw-1']);
    const { roomId } = await rooms.create('seen', 3);
    await join(roomId, 'gw-1', 1);
    await join(roomId, 'dead', 2);
    await join(999_999, 'dead', 2);
    const { rooms: listed } = await lists.rooms(10);
    expect(listed[0]).toEqual({ roomId, name: 'seen', kind: 'room', online: 1 });
    expect(await presence.counts([999_999])).toEqual([0]);
    expect((await presence.holders()).map(({ instanceId }) => instanceId)).toEqual(['gw-1']);
  });

  it('shows a room at once where it was made, and within a second elsewhere', async () => {
    const { rooms, lists } = await setUp([]);
    expect((await lists.rooms(1)).rooms[0]?.name).toBe('Lobby');
    await rooms.create('made here', 3);
    lists.renew();
    expect((await lists.rooms(1)).rooms[0]?.name).toBe('made here');
    await rooms.create('made elsewhere', 3);
    await eventually(async () => expect((await lists.rooms(1)).rooms[0]?.name).toBe('made elsewhere'), {
      timeoutMs: 3_000,
    });
  });

  it('tries again after a failure, and does not remember it', async () => {
    const { rooms, lists } = await setUp([]);
    vi.spyOn(rooms, 'list').mockRejectedValueOnce(new Error('SQL is away'));
    await expect(lists.rooms(1)).rejects.toThrow('SQL is away');
    expect((await lists.rooms(1)).rooms).toHaveLength(1);
  });
});
