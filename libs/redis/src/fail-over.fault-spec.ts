import { eventually, freePort, startRedis, startTcpProxy, uniquePrefix } from '@parley/testing';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RedisConnections } from './connections.js';
import { EventBus } from './event-bus.js';
import { RoomStore } from './room-store.js';
import { runScript } from './run-script.js';
import { connect, proveAll, testKeys, testLimits } from './store.fixture.js';
import { z } from 'zod';

const keys = testKeys(uniquePrefix('fail-over'));

/** A primary and its replica behind one address, as a name that is pointed elsewhere has them. */
async function pair() {
  const primary = await startRedis();
  const replica = await startRedis({ replicaOfPort: primary.port });
  const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: primary.port } });
  onTestFinished(async () => {
    await proxy.close();
    await Promise.all([primary.stop(), replica.stop()]);
  });
  await replica.synced();
  return {
    primary,
    replica,
    proxy,
    url: `redis://127.0.0.1:${proxy.port}`,
    /** The other becomes the primary, this one its replica. Nobody's connection ends. */
    failOver: async () => {
      await replica.promote();
      await primary.follow(replica.port);
      proxy.retarget({ host: '127.0.0.1', port: replica.port });
    },
    /** A look at one of the two, past the proxy. */
    look: (server: { url: string }) => {
      const redis = new Redis(server.url);
      onTestFinished(() => redis.disconnect());
      return redis;
    },
  };
}

describe('a primary that becomes a replica on open connections', () => {
  // Every send failed for ever with READONLY, because the connection was fine.
  it('is left by the first write that it refuses, which is then made at its successor, in order', async () => {
    const { url, failOver, replica, look } = await pair();
    const { main } = connect(url);
    await main.rpush('list', 'before');
    await failOver();
    await Promise.all(['a', 'b', 'c', 'd'].map((item) => main.rpush('list', item)));
    expect(await look(replica).lrange('list', 0, -1)).toEqual(['before', 'a', 'b', 'c', 'd']);
  });

  it('is left by a script that it refuses', async () => {
    const { url, failOver, replica, look } = await pair();
    const { main } = connect(url);
    await runScript(main, 'acquireLease', [keys.owner(1), keys.fence(1)], ['a', 60_000, 0]);
    await failOver();
    expect(
      await runScript(main, 'acquireLease', [keys.owner(2), keys.fence(2)], ['a', 60_000, 0]),
    ).toBeGreaterThan(0);
    expect(await look(replica).exists(keys.owner(2))).toBe(1);
  });

  // It repeated the ack of a send that its successor had never got.
  it('is left by a repeated send whose record it still has, while it has not heard of its successor', async () => {
    const { url, replica, primary, proxy, look } = await pair();
    const connections = connect(url);
    await proveAll(connections, keys);
    const rooms = new RoomStore(connections.main, keys, testLimits);
    await rooms.restoreHead(1, { epoch: 'e', floor: 0, ceiling: 10, archived: 0 });
    await replica.promote();
    const send = {
      ...{ roomId: 1, senderId: 7, clientMsgId: 'c', body: '{"n":1', text: 't', id: 'i', sentAt: 5 },
      ...{ clientMsgIdMs: 0, archiveAsked: true },
    };
    expect(await rooms.accept(send)).toMatchObject({ kind: 'ok' });
    await look(primary).replicaof('127.0.0.1', String(await freePort()));
    proxy.retarget({ host: '127.0.0.1', port: replica.port });
    expect(await rooms.accept(send)).toEqual({ kind: 'unproven' });
  });

  it('is left by connections that only listen or wait, without any write', async () => {
    const { url, failOver, primary, replica, look } = await pair();
    const connections = connect(url);
    await connections.main.ping();
    const events = new EventBus(connections, keys);
    const heard: number[] = [];
    let reads = 0;
    await events.subscribe(
      'hint',
      z.object({ n: z.number() }),
      ({ n }) => heard.push(n),
      () => void reads++,
    );
    const blocking = connections.createBlocking('reader');
    await blocking.ping();
    await failOver();
    // Not even by way of replication does the old one hear of anything now.
    await primary.promote();
    await primary.follow(9);
    await eventually(
      async () => {
        const clients = String(await look(replica).client('LIST'));
        for (const role of ['main', 'events', 'reader'])
          if (!clients.includes(`name=parley-${role}`)) throw new Error(`${role} is elsewhere`);
      },
      { timeoutMs: 8_000 },
    );
    await eventually(() => expect(reads).toBe(2));
    await look(replica).publish(keys.events('hint'), '{"n":1}');
    await eventually(() => expect(heard).toEqual([1]));
  });

  it('is not used again while the address still leads to it; nothing waits longer than a command may', async () => {
    const { url, primary, replica, proxy } = await pair();
    const errors: string[] = [];
    const connections = new RedisConnections(url, (error, role) => errors.push(`${role}: ${error.message}`));
    onTestFinished(() => connections.close());
    await connections.main.ping();
    await replica.promote();
    await primary.follow(replica.port);
    const write = connections.main.set('k', 1);
    await eventually(() => expect(connections.outOfUse).toBe('read-only replica'));
    expect(errors.some((line) => line.includes('read-only replica'))).toBe(true);
    proxy.retarget({ host: '127.0.0.1', port: replica.port });
    expect(await write).toBe('OK');
    expect(connections.outOfUse).toBeUndefined();
  });
});

// A connection made later went to the new primary, the others stayed where they were.
it('follows the newest connection when the address leads to another server and the old one lives on', async () => {
  const { url, failOver, primary, proxy, replica, look } = await pair();
  const connections = connect(url);
  await connections.main.ping();
  const subscriber = connections.createSubscriber('listener');
  await subscriber.subscribe('x');
  await failOver();
  // Split brain: it takes writes again.
  await primary.promote();
  const late = connections.createBlocking('late');
  await late.ping();
  proxy.retarget({ host: '127.0.0.1', port: replica.port });
  await eventually(
    async () => {
      const clients = String(await look(replica).client('LIST'));
      for (const role of ['main', 'listener', 'late'])
        if (!clients.includes(`name=parley-${role}`)) throw new Error(`${role} is elsewhere`);
    },
    { timeoutMs: 10_000 },
  );
});

// A machine that loses its power sends no FIN: TCP tries for a quarter of an hour.
it('leaves a server that has fallen silent, when the address leads elsewhere', async () => {
  const { url, primary, replica, proxy } = await pair();
  const { main } = connect(url);
  await main.ping();
  await replica.promote();
  primary.pause();
  onTestFinished(() => primary.resume());
  proxy.retarget({ host: '127.0.0.1', port: replica.port });
  await eventually(async () => expect(await main.set('k', 1)).toBe('OK'), { timeoutMs: 15_000 });
});
