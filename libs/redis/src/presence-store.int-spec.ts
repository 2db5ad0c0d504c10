import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { PresenceStore, type Member } from './presence-store.js';
import { RoomStore } from './room-store.js';
import { connect, proveAll, siblingOf, testKeys, testLimits } from './store.fixture.js';
import { runScript } from './run-script.js';

afterAll(async () => (await sharedRedis()).stop());

const room = 42;
const ann = { userId: 1, userName: 'ann' };
const bob = { userId: 2, userName: 'Боб 👍' };
const cat = { userId: 3, userName: 'cat' };

async function presence() {
  const connections = connect((await sharedRedis()).url);
  const { main } = connections;
  const keys = testKeys(uniquePrefix());
  const store = new PresenceStore(main, keys);
  const join = (on: string, ...added: Member[]) =>
    store.share(room, on, { complete: false, added, removed: [] });
  const leave = (on: string, ...removed: number[]) =>
    store.share(room, on, { complete: false, added: [], removed });
  const everybody = (on: string, ...added: Member[]) =>
    store.share(room, on, { complete: true, added, removed: [] });
  const names = async (limit = 10) => (await store.list(room, limit)).members.map(({ userName }) => userName);
  return { connections, main, keys, store, join, leave, everybody, names };
}

const shareUser = (store: PresenceStore, userId: number, on: string, connections: number, ttlMs = 60_000) =>
  store.shareUsers([{ userId, connections }], on, ttlMs);
const crowdOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ userId: i + 1, userName: `u${i + 1}` }));

describe('PresenceStore', () => {
  it('counts a user on two instances once; he stays a member until he left both', async () => {
    const { store, join, leave, names } = await presence();
    expect(await join('gw-1', ann)).toMatchObject({ members: 1, here: 1 });
    expect(await join('gw-2', ann, bob)).toMatchObject({ members: 2, here: 2 });
    expect((await store.instancesOfRooms([room, 7])).map((list) => list.sort())).toEqual([
      ['gw-1', 'gw-2'],
      [],
    ]);
    expect(await leave('gw-1', ann.userId)).toMatchObject({ members: 2, here: 0 });
    expect(await store.instancesOfRooms([room])).toEqual([['gw-2']]);
    expect(await names()).toContain('ann');
    expect(await leave('gw-2', ann.userId)).toMatchObject({ members: 1, here: 1 });
    expect(await names()).toEqual([bob.userName]);
  });

  it('knows who of them is a guest, whatever their names are', async () => {
    const { store, join } = await presence();
    const guest = { userId: 9, userName: 'ann', guest: true as const };
    await join('gw-1', ann, guest);
    expect((await store.list(room, 10)).members).toEqual(expect.arrayContaining([ann, guest]));
  });

  it('is not moved by a join or a leave that is said twice', async () => {
    const { join, leave } = await presence();
    await join('gw-1', ann);
    expect(await join('gw-1', ann)).toMatchObject({ members: 1, here: 1 });
    await leave('gw-1', ann.userId);
    expect(await leave('gw-1', ann.userId)).toMatchObject({ members: 0, here: 0 });
    expect(await leave('gw-2', ann.userId)).toMatchObject({ members: 0, here: 0 });
  });

  it('drops a dead instance with its members, but for those who are elsewhere too', async () => {
    const { store, main, keys, join, names } = await presence();
    await join('dead', ann, bob);
    await join('gw-2', bob, cat);
    expect(await store.dropInstance(room, 'dead')).toBe(1);
    expect((await names()).sort()).toEqual([cat.userName, bob.userName].sort());
    expect(await store.instancesOfRooms([room])).toEqual([['gw-2']]);
    expect(await store.dropInstance(room, 'dead')).toBe(0);
    expect(await store.dropInstance(room, 'gw-2')).toBe(2);
    // An empty room leaves nothing behind.
    expect(await main.keys(`${keys.prefix}*`)).toEqual([]);
  });

  it('takes a complete share as everybody of that instance', async () => {
    const { join, everybody, names } = await presence();
    await join('gw-1', ann, bob);
    await join('gw-2', ann);
    expect(await everybody('gw-1', cat)).toMatchObject({ members: 2, here: 1 });
    expect((await names()).sort()).toEqual(['ann', 'cat']);
    expect(await everybody('gw-1')).toMatchObject({ members: 1, here: 0 });
  });

  it('lists the newest up to the limit, with the exact number, and newer names', async () => {
    const { store, join } = await presence();
    for (const member of [ann, bob, cat]) await join('gw-1', member);
    // Known already: neither newer nor counted again, but renamed.
    await join('gw-2', { ...ann, userName: 'Ann' });
    expect(await store.list(room, 2)).toEqual({ count: 3, members: [cat, bob] });
    expect(await store.list(room, 0)).toEqual({ count: 3, members: [] });
    expect((await store.list(room, 9)).members[2]).toEqual({ userId: 1, userName: 'Ann' });
    expect(await store.list(7, 9)).toEqual({ count: 0, members: [] });
    expect(await store.counts([7, room])).toEqual([0, 3]);
  });

  it("indexes a shard's rooms by who is in them, and on which instances", async () => {
    const { store, keys, join, leave, everybody } = await presence();
    const shard = keys.shardOf(room);
    await join('gw-1', ann);
    await everybody('gw-2', ann, bob);
    expect(await store.counts([room, 7])).toEqual([2, 0]);
    expect((await store.holders()).map(({ instanceId }) => instanceId).sort()).toEqual(['gw-1', 'gw-2']);
    expect(await store.holders()).toContainEqual({ instanceId: 'gw-2', shard });
    expect(await store.roomsOn(shard, 'gw-2', 10)).toEqual([room]);
    await leave('gw-1', ann.userId);
    expect(await store.holders()).toEqual([{ instanceId: 'gw-2', shard }]);
    await store.dropInstance(room, 'gw-2');
    expect(await store.holders()).toEqual([]);
    expect(await store.counts([room])).toEqual([0]);
  });

  it('keeps an instance in the index until it holds members of no room of the shard', async () => {
    const { store, main, keys, join, leave } = await presence();
    const shard = keys.shardOf(room);
    const other = siblingOf(room, keys);
    const share = (on: string, added: Member[], removed: number[] = []) =>
      store.share(other, on, { complete: false, added, removed });
    await join('gw-1', ann);
    await share('gw-1', [ann, bob]);
    await leave('gw-1', ann.userId);
    expect(await store.holders()).toEqual([{ instanceId: 'gw-1', shard }]);
    expect(await store.roomsOn(shard, 'gw-1', 10)).toEqual([other]);
    expect(await store.counts([room, other])).toEqual([0, 2]);
    expect(await main.zrange(keys.shardOnline(shard), 0, -1)).toEqual([String(other)]);
    await share('gw-1', [], [ann.userId]);
    expect(await store.counts([other])).toEqual([1]);
    await join('gw-1', ann);
    await store.dropInstance(other, 'gw-1');
    expect(await store.holders()).toEqual([{ instanceId: 'gw-1', shard }]);
    expect(await store.roomsOn(shard, 'gw-1', 10)).toEqual([room]);
    expect(await main.zrange(keys.shardOnline(shard), 0, -1)).toEqual([String(room)]);
  });

  // Whoever removes it may be killed in between: the next one has to find what is left.
  it('knows a dead instance until the last part of its share is gone', async () => {
    const { store, main, keys, join } = await presence();
    const shard = keys.shardOf(room);
    await join('dead', ann, bob, cat);
    await join('gw-2', cat);
    const dropOne = () =>
      runScript(
        main,
        'dropInstance',
        [
          ...[keys.roomInstances(room), keys.roomMembers(room), keys.roomNames(room)],
          ...[keys.shardOnline(shard), keys.shardRoomsOn(shard, 'dead'), keys.shardHolders(shard)],
        ],
        ['dead', keys.roomOnPrefix(room), room, 1],
      );
    let gone = 0;
    for (const left of [2, 1, 0]) {
      const reply = (await dropOne()) as [number, number];
      expect(reply[1]).toBe(left);
      gone += reply[0];
      expect(await store.counts([room])).toEqual([3 - gone]);
      const instances = (await store.instancesOfRooms([room]))[0];
      expect(instances?.includes('dead')).toBe(left > 0);
      expect(await store.roomsOn(shard, 'dead', 10)).toEqual(left > 0 ? [room] : []);
      expect((await store.holders()).some(({ instanceId }) => instanceId === 'dead')).toBe(left > 0);
    }
    expect(gone).toBe(2);
    expect((await store.list(room, 9)).members).toEqual([cat]);
  });

  it('is ordered by when they came, not by who they are, and a second connection moves nobody', async () => {
    const { main, join, leave, names } = await presence();
    const nextMs = async () => {
      const now = async () => Number((await main.time())[0]) * 1_000 + Number((await main.time())[1]) / 1_000;
      const before = await now();
      await eventually(async () => expect(await now()).toBeGreaterThan(before + 1), { intervalMs: 1 });
    };
    for (const member of [cat, ann, bob]) {
      await join('gw-1', member);
      await nextMs();
    }
    await join('gw-2', cat);
    await nextMs();
    expect(await names()).toEqual([bob.userName, 'ann', 'cat']);
    // He was there all the while by his other connection.
    await leave('gw-1', cat.userId);
    await join('gw-1', cat);
    expect(await names()).toEqual([bob.userName, 'ann', 'cat']);
    await leave('gw-1', cat.userId);
    await leave('gw-2', cat.userId);
    await nextMs();
    await join('gw-1', cat);
    expect(await names()).toEqual(['cat', bob.userName, 'ann']);
  });

  it('says who is here, and of how many in all, each in its place', async () => {
    const { store, join } = await presence();
    await join('gw-1', ann, bob, cat);
    expect(await join('gw-2', ann)).toMatchObject({ members: 3, here: 1 });
    const [state] = await store.survey([room], 'gw-1');
    expect(state?.here).toBe(3);
    expect([...(state?.instances ?? [])].sort()).toEqual(['gw-1', 'gw-2']);
    expect((await store.survey([room], 'gw-3'))[0]?.here).toBe(0);
  });

  it('adds and removes in one report', async () => {
    const { store, join, names } = await presence();
    await join('gw-1', ann, bob);
    const report = { complete: false, added: [cat], removed: [ann.userId, bob.userId] };
    expect(await store.share(room, 'gw-1', report)).toMatchObject({ members: 1, here: 1 });
    expect(await names()).toEqual(['cat']);
  });

  it('lists as many members as one page may have', async () => {
    const { store, everybody } = await presence();
    expect(await everybody('gw-1', ...crowdOf(1_500))).toMatchObject({ members: 1_500 });
    const { count, members } = await store.list(room, 1_000);
    expect([count, members.length]).toEqual([1_500, 1_000]);
  });

  it('lists nobody above the number that is asked for, and everybody up to it', async () => {
    const { store, join } = await presence();
    await join('gw-1', ann, bob);
    expect(await store.list(room, 9, 1)).toEqual({ count: 2, members: [] });
    expect((await store.list(room, 9, 2)).members).toHaveLength(2);
  });

  it('knows who is in a room', async () => {
    const { store, join } = await presence();
    await join('gw-1', ann);
    expect([await store.isMember(room, ann.userId), await store.isMember(room, bob.userId)]).toEqual([
      true,
      false,
    ]);
  });

  // One script was given twenty thousand arguments, and Redis answered nobody else meanwhile.
  it('says a large share in parts of 500 users, and nobody who stays is missed in between', async () => {
    const { main, keys, store, join, everybody } = await presence();
    const crowd = crowdOf(1_201);
    await join('gw-1', ...crowd);
    const parts: number[] = [];
    const seen: boolean[] = [];
    const commands = main as unknown as Record<'sharePresence', (...args: unknown[]) => Promise<unknown>>;
    const share = commands.sharePresence.bind(main);
    commands.sharePresence = async (...args) => {
      parts.push(Number(args[11]));
      const answer = await share(...args);
      seen.push(await store.isMember(room, 1), await store.isMember(room, 1_200));
      return answer;
    };
    expect(await everybody('gw-1', ...crowd.slice(0, 1_200))).toMatchObject({ members: 1_200, here: 1_200 });
    expect(parts).toEqual([500, 500, 200]);
    expect(seen).not.toContain(false);
    expect(await store.isMember(room, 1_201)).toBe(false);
    // At the bound, and one above it.
    parts.length = 0;
    await everybody('gw-2', ...crowd.slice(0, 500));
    await everybody('gw-3', ...crowd.slice(0, 501));
    expect(parts).toEqual([500, 500, 1]);
    expect(await everybody('gw-1')).toMatchObject({ members: 501, here: 0 });
    expect(await store.dropInstance(room, 'gw-3')).toBe(1);
    expect(await store.dropInstance(room, 'gw-2')).toBe(500);
    expect(await main.keys(`${keys.prefix}*`)).toEqual([]);
  });

  it("answers the room's position after the report", async () => {
    const { connections, main, keys, store, join } = await presence();
    expect((await join('gw-1', ann)).position).toBeUndefined();
    // Without a line or a head neither is known; nor is what has lost its seq.
    await main.hset(keys.roomHead(room), 'epoch', 'e');
    expect((await join('gw-1', ann)).position).toBeUndefined();
    expect((await store.survey([room], 'gw-1'))[0]?.position).toBeUndefined();
    await main.del(keys.roomHead(room));
    const lines = await proveAll(connections, keys);
    const rooms = new RoomStore(main, keys, testLimits);
    await rooms.restoreHead(room, { epoch: 'e', floor: 4, ceiling: 9, archived: 4 });
    expect((await join('gw-1', bob)).position).toEqual({ seq: 4, epoch: 'e' });
    expect(await store.survey([room, 7], 'gw-1')).toEqual([
      { position: { seq: 4, epoch: 'e', floor: 4 }, here: 2, instances: ['gw-1'] },
      { position: undefined, here: 0, instances: [] },
    ]);
    // A head of an ended generation is none: whoever joins or checks asks for a new one.
    const [survey] = (await lines.survey()).filter(({ shard }) => shard === keys.shardOf(room));
    await lines.begin(survey!, '1.a');
    expect((await join('gw-1', ann)).position).toBeUndefined();
    // Each shard has its own.
    expect(keys.shardOf(7)).not.toBe(keys.shardOf(room));
    await rooms.restoreHead(7, { epoch: 'e7', floor: 1, ceiling: 9, archived: 1 });
    for (const order of [[room, 7] as const, [7, room] as const])
      expect((await store.survey(order, 'gw-1')).map(({ position }) => position?.epoch)).toEqual(
        order.map((roomId) => (roomId === 7 ? 'e7' : undefined)),
      );
  });

  it('takes half an answer for none', async () => {
    const { main, keys, store } = await presence();
    const wrong = keys.roomInstances(room);
    for (const key of [wrong, keys.userInstances(1), keys.shardHolders(3)]) await main.set(key, 'no hash');
    await expect(store.instancesOfRooms([7, room])).rejects.toThrow('WRONGTYPE');
    await expect(store.survey([7, room], 'gw-1')).rejects.toThrow('WRONGTYPE');
    await expect(shareUser(store, 1, 'gw-1', 2)).rejects.toThrow('WRONGTYPE');
    await expect(store.holders()).rejects.toThrow('WRONGTYPE');
  });

  it("knows the instances of a user's connections", async () => {
    const { store } = await presence();
    await shareUser(store, 1, 'gw-1', 2);
    await store.shareUsers(
      [
        { userId: 1, connections: 1 },
        { userId: 2, connections: 1 },
      ],
      'gw-2',
      60_000,
    );
    await shareUser(store, 1, 'gw-1', 0);
    expect(await store.instancesOfUsers([1, 2, 3])).toEqual([['gw-2'], ['gw-2'], []]);
    await store.dropUserInstance(2, 'gw-2');
    expect(await store.instancesOfUsers([2])).toEqual([[]]);
  });

  // The names of killed instances stayed with a user who never came back, for ever.
  it("forgets a user's instances when none of them says it again in time", async () => {
    const { store, main, keys } = await presence();
    await shareUser(store, 1, 'gw-1', 1);
    await shareUser(store, 1, 'killed', 1, 30);
    await eventually(async () => expect(await main.exists(keys.userInstances(1))).toBe(0));
    await shareUser(store, 1, 'killed', 1, 30);
    await shareUser(store, 1, 'gw-1', 1);
    expect(await main.pttl(keys.userInstances(1))).toBeGreaterThan(30);
  });
});
