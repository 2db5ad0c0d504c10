import { eventually, startTcpProxy, type TcpProxy } from '@parley/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawTcp, RawWs, type RawClient } from './raw-clients.js';
import { Stack, type AppProcess } from './stack.js';

/** What the product promises: counts are right this long after a gateway was killed. */
const HEALED_WITHIN_MS = 10_000;
const names = ['demo', 'demo1', 'demo2', 'demo3'];
/** Ids of the demo accounts, in the order of their names. */
const ids = [3, 4, 5, 6];
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Who is in which room, seen from outside. */
class World {
  tokens: string[] = [];

  private constructor(readonly stack: Stack) {}

  static async start(env: Record<string, string> = {}): Promise<World> {
    const world = new World(await Stack.start({ env: { PARLEY_DRAIN_WINDOW_MS: '300', ...env } }));
    world.tokens = await Promise.all(names.map((name) => world.stack.login(name)));
    return world;
  }

  async room(name: string): Promise<number> {
    return (await this.stack.api(this.tokens[0]).createRoom(name)).roomId;
  }

  open(transport: string, gateway: number): Promise<RawClient> {
    const { wsUrl, tcpPort } = this.stack.gateway(gateway);
    return transport === 'ws' ? RawWs.connect(wsUrl) : RawTcp.connect(tcpPort);
  }

  async join(client: RawClient, user: number, roomId: number): Promise<void> {
    const before = client.ofOp(21).length;
    client.send({ op: 20, authToken: this.tokens[user], roomId });
    await eventually(() => expect(client.ofOp(21).length).toBeGreaterThan(before));
  }

  /** One connection of a user in a room; `tcp1` is TCP to the second gateway. */
  async member(user: number, roomId: number, at: string): Promise<RawClient> {
    const client = await this.open(at.slice(0, -1), Number(at.at(-1)));
    await this.join(client, user, roomId);
    return client;
  }

  /** Count and list over HTTP: whoever looks also cleans up. */
  async overHttp(roomId: number): Promise<{ count: number; users: Record<string, string> }> {
    const { count, members } = await this.stack.api(this.tokens[0]).members(roomId);
    return { count, users: Object.fromEntries(members.map(({ userId, userName }) => [userId, userName])) };
  }

  /** Open connections of a gateway. */
  async connections(gateway: number): Promise<number> {
    const { wsUrl } = this.stack.gateway(gateway);
    const text = await (await fetch(wsUrl.replace('ws:', 'http:').replace(/ws$/, 'metrics'))).text();
    return Number(/^parley_connections (\S+)$/m.exec(text)?.[1]);
  }
}

/** Exactly these users, in the form of {@link World.overHttp}. */
const exactly = (...users: number[]) => ({
  count: users.length,
  users: Object.fromEntries(users.map((user) => [ids[user], names[user]])),
});
/** The same as the last announcement that a member got of the room. */
function announced(client: RawClient, roomId: number): unknown {
  const last = client.frames.filter((frame) => frame.op === 5 && frame['roomId'] === roomId).at(-1);
  return last && { count: last['count'], users: last['roomUserInfo'] };
}
const instanceIdOf = ({ process }: AppProcess) =>
  String(/"instanceId":"([^"]+)"/.exec(process.output())?.[1]);

describe('presence', () => {
  let world: World;
  // The timings are those of production: the promise is about them.
  beforeAll(async () => void (world = await World.start()));
  afterAll(() => world.stack.stop());

  // gochat keyed connections by user: closing an old tab removed the new one.
  it('counts and lists a user of several tabs, gateways and transports once, until the last one closes', async () => {
    const roomId = await world.room('tabs');
    const witness = await world.member(1, roomId, 'ws0');
    const tabs = [];
    for (const at of ['ws0', 'ws1', 'tcp0', 'tcp1', 'ws1'])
      tabs.push([Number(at.at(-1)), await world.member(0, roomId, at)] as const);
    expect(await world.overHttp(roomId)).toEqual(exactly(0, 1));
    await eventually(() => expect(announced(witness, roomId)).toEqual(exactly(0, 1)));
    const seen = witness.frames.length;
    for (const [gateway, tab] of tabs.slice(0, -1)) {
      const before = await world.connections(gateway);
      tab.close();
      await eventually(async () => expect(await world.connections(gateway)).toBe(before - 1));
      expect(await world.overHttp(roomId)).toEqual(exactly(0, 1));
    }
    const newest = tabs.at(-1)?.[1];
    newest?.send({ op: 3, roomId, msg: 'still here' });
    await newest?.waitForText('still here');
    for (const frame of witness.frames.slice(seen).filter(({ op }) => op === 4 || op === 5))
      expect(frame).toMatchObject({ count: 2 });
    newest?.close();
    await eventually(() => expect(announced(witness, roomId)).toEqual(exactly(1)));
    expect(await world.overHttp(roomId)).toEqual(exactly(1));
    witness.close();
    await eventually(async () => expect(await world.overHttp(roomId)).toEqual(exactly()));
  });

  it('announces a room that changes all the time once a second, and the last state in the end', async () => {
    const roomId = await world.room('restless');
    const witnesses = await Promise.all([world.member(0, roomId, 'ws0'), world.member(0, roomId, 'tcp1')]);
    const restless = await Promise.all([world.open('ws', 0), world.open('tcp', 1), world.open('ws', 1)]);
    const before = witnesses.map(({ frames }) => frames.length);
    const startedAt = Date.now();
    while (Date.now() - startedAt < 3_000) {
      await Promise.all(restless.map((client, i) => world.join(client, i + 1, roomId)));
      const left = restless.map((client) => client.ofOp(26).length);
      for (const client of restless) client.send({ op: 26, roomId });
      await eventually(() =>
        restless.forEach((client, i) => expect(client.ofOp(26).length).toBe((left[i] ?? 0) + 1)),
      );
    }
    await Promise.all(restless.slice(0, 2).map((client, i) => world.join(client, i + 1, roomId)));
    for (const witness of witnesses)
      await eventually(() => expect(announced(witness, roomId)).toEqual(exactly(0, 1, 2)));
    const seconds = (Date.now() - startedAt) / 1_000;
    for (const [i, witness] of witnesses.entries()) {
      const frames = witness.frames.slice(before[i]).filter(({ op }) => op === 4 || op === 5);
      expect(frames.length).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
    }
    for (const client of [...witnesses, ...restless]) client.close();
  });

  it('is right within ten seconds after a gateway is killed: at every member, and over HTTP', async () => {
    const roomId = await world.room('killed');
    const desertedId = await world.room('deserted');
    const [onBoth, elsewhere] = [await world.member(0, roomId, 'ws0'), await world.member(3, roomId, 'tcp0')];
    await world.member(0, roomId, 'tcp1');
    await world.member(1, roomId, 'ws1');
    await world.member(2, roomId, 'tcp1');
    await world.member(1, desertedId, 'tcp1');
    for (const client of [onBoth, elsewhere])
      await eventually(() => expect(announced(client, roomId)).toEqual(exactly(0, 1, 2, 3)));
    expect(await world.overHttp(desertedId)).toEqual(exactly(1));
    await world.stack.gateway(1).process.kill9();
    // Nobody looks at the room over HTTP meanwhile: who does cleans up, and the members would owe it to him.
    await Promise.all([
      ...[onBoth, elsewhere].map((client) =>
        eventually(() => expect(announced(client, roomId)).toEqual(exactly(0, 3)), {
          timeoutMs: HEALED_WITHIN_MS,
        }),
      ),
      eventually(async () => expect(await world.overHttp(desertedId)).toEqual(exactly()), {
        timeoutMs: HEALED_WITHIN_MS,
      }),
    ]);
    expect(await world.overHttp(roomId)).toEqual(exactly(0, 3));
    const rooms = await world.stack.api(world.tokens[0]).rooms();
    expect(rooms.find((room) => room.roomId === roomId)?.online).toBe(2);
    await world.stack.spawn('connect-gateway');
    onBoth.close();
    elsewhere.close();
  });

  it('is right within ten seconds after both gateways were killed and are back', async () => {
    const roomId = await world.room('all killed');
    for (const [user, at] of ['ws0', 'tcp1', 'ws1', 'tcp0'].entries()) await world.member(user, roomId, at);
    await eventually(async () => expect(await world.overHttp(roomId)).toEqual(exactly(0, 1, 2, 3)));
    await Promise.all(world.stack.of('connect-gateway').map(({ process }) => process.kill9()));
    const killedAt = Date.now();
    await Promise.all([world.stack.spawn('connect-gateway'), world.stack.spawn('connect-gateway')]);
    const back = await Promise.all([world.member(1, roomId, 'ws0'), world.member(2, roomId, 'tcp1')]);
    for (const client of back)
      await eventually(() => expect(announced(client, roomId)).toEqual(exactly(1, 2)), {
        timeoutMs: killedAt + HEALED_WITHIN_MS - Date.now(),
      });
    expect(await world.overHttp(roomId)).toEqual(exactly(1, 2));
    for (const client of back) client.close();
    await eventually(async () => expect(await world.overHttp(roomId)).toEqual(exactly()));
  });
});

describe('presence in Redis', () => {
  const POSITION_CHECK_MS = 100;
  let world: World;
  let redis: Redis;
  let proxy: TcpProxy | undefined;
  // Everything as in production, but quicker: what is tidied up is waited for.
  beforeAll(async () => {
    world = await World.start({
      PARLEY_POSITION_CHECK_MS: String(POSITION_CHECK_MS),
      PARLEY_REGISTRY_LEASE_TTL_MS: '1500',
      PARLEY_REGISTRY_HEARTBEAT_INTERVAL_MS: '300',
    });
    redis = new Redis(world.stack.redis.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await world.stack.stop();
    await proxy?.close();
  });

  /** The keys whose names end like this, without what is before it. */
  async function keysLike(pattern: RegExp): Promise<string[]> {
    const keys = await redis.keys('*');
    return keys.flatMap((key) => pattern.exec(key)?.[0] ?? []).sort();
  }
  const keyOf = async (suffix: string) => (await redis.keys(`*${suffix}`))[0] ?? suffix;
  const gateways = () => world.stack.of('connect-gateway').map(instanceIdOf);

  // gochat counted with INCR and DECR, and its member list was changed under a read lock.
  it('drifts by nobody in a storm of joins and leaves with killed gateways in between, and leaves nothing', async () => {
    const roomId = await world.room('in and out');
    const at = (i: number) => [i % 4 < 2 ? 'ws' : 'tcp', Math.floor(i / 4) % 2] as const;
    const tabs = await Promise.all(range(0, 39).map((i) => world.open(...at(i))));
    const enter = (i: number) => tabs[i]?.send({ op: 20, authToken: world.tokens[i % 4], roomId });
    const leave = (i: number) => tabs[i]?.send({ op: 26, authToken: world.tokens[i % 4], roomId });
    for (let round = 0; round < 24; round++) {
      for (const i of range(0, 39)) (round % 2 === 0 || i % 3 === 0 ? enter : leave)(i);
      if (round % 8 !== 7) continue;
      // The tabs of a killed gateway come back on the one that takes its place, as new connections.
      await world.stack.gateway(0).process.kill9();
      await world.stack.spawn('connect-gateway');
      const lost = await eventually(() => {
        const gone = range(0, 39).filter((i) => tabs[i]?.closed);
        expect(gone).toHaveLength(20);
        return gone;
      });
      for (const i of lost) tabs[i] = await world.open(at(i)[0], 1);
    }
    for (const i of range(0, 39)) (i % 3 === 0 ? enter : leave)(i);
    // Of every user some tabs are left.
    await eventually(async () => expect(await world.overHttp(roomId)).toEqual(exactly(0, 1, 2, 3)));
    for (const i of range(0, 39)) if (i % 4 !== 1) leave(i);
    // One user with a tab or two on each gateway.
    await eventually(async () => expect(await world.overHttp(roomId)).toEqual(exactly(1)));
    await eventually(async () => {
      const shares = await redis.hgetall(await keyOf(`room:${roomId}:instances`));
      expect(Object.keys(shares).sort()).toEqual(gateways().sort());
      expect(Object.values(shares)).toEqual(['1', '1']);
      expect(await keysLike(new RegExp(`room:${roomId}:on:.*$`))).toEqual(
        gateways()
          .map((id) => `room:${roomId}:on:${id}`)
          .sort(),
      );
      expect(await redis.zrange(await keyOf(`room:${roomId}:members`), 0, -1)).toEqual(['4']);
      expect(await redis.hgetall(await keyOf(`room:${roomId}:names`))).toEqual({ 4: 'demo1' });
    });
    for (const tab of tabs) tab.close();
    await eventually(async () => expect(await world.overHttp(roomId)).toEqual(exactly()));
    await eventually(async () => {
      expect(await keysLike(/room:\d+:(instances|on|members|names).*$/)).toEqual([]);
      expect(await keysLike(/user:\d+:instances$/)).toEqual([]);
    });
  });

  // Every killed gateway left its name with each of its users for ever: a list that every direct message reads.
  it('keeps no names of killed gateways with a user, not even with one who never comes back', async () => {
    const roomId = await world.room('killed again and again');
    const stays = await world.member(0, roomId, 'ws0');
    const [first] = gateways();
    for (let round = 0; round < 3; round++) {
      await Promise.all([world.member(0, roomId, 'tcp1'), world.member(2, roomId, 'ws1')]);
      expect(await redis.hlen(await keyOf('user:5:instances'))).toBeGreaterThan(0);
      await world.stack.gateway(1).process.kill9();
      await world.stack.spawn('connect-gateway');
    }
    await eventually(async () => {
      expect(await redis.hkeys(await keyOf('user:3:instances'))).toEqual([first]);
      expect(await keysLike(/user:\d+:instances$/)).toEqual(['user:3:instances']);
    });
    stays.close();
  });

  it('forgets who left while their gateway could not reach Redis', async () => {
    proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: world.stack.redis.port } });
    await world.stack.spawn('connect-gateway', {
      PARLEY_REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
      // It outlives the outage: nobody else cleans up after it.
      PARLEY_REGISTRY_LEASE_TTL_MS: '60000',
    });
    const roomId = await world.room('left in the dark');
    const client = await world.member(3, roomId, 'ws2');
    expect(await world.overHttp(roomId)).toEqual(exactly(3));
    await proxy.cut();
    client.close();
    await eventually(async () => expect(await world.connections(2)).toBe(0));
    await proxy.restore();
    await eventually(async () => {
      expect(await keysLike(new RegExp(`room:${roomId}:(instances|on|members|names).*$`))).toEqual([]);
      expect(await keysLike(/user:6:instances$/)).toEqual([]);
    });
  });
});
