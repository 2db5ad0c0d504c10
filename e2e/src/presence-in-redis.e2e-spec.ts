import { eventually, startTcpProxy, type TcpProxy } from '@parley/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stack } from './stack.js';
import { exactly, instanceIdOf, World } from './world.js';

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('presence in Redis', () => {
  const POSITION_CHECK_MS = 100;
  let world: World;
  let redis: Redis;
  let proxy: TcpProxy | undefined;
  // Everything as in production, but quicker: what is tidied up is waited for.
  beforeAll(async () => {
    const stack = await Stack.start({
      env: {
        PARLEY_DRAIN_WINDOW_MS: '300',
        PARLEY_POSITION_CHECK_MS: String(POSITION_CHECK_MS),
        PARLEY_REGISTRY_LEASE_TTL_MS: '1500',
        PARLEY_REGISTRY_HEARTBEAT_INTERVAL_MS: '300',
      },
    });
    world = await World.on(stack);
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
