import { eventually } from '@parley/testing';
import type { Identity } from '@parley/contracts';
import type { PresenceStore } from '@parley/redis';
import { digestOf } from '@parley/service-host';
import { describe, expect, it } from 'vitest';
import type { GatewayConfig } from '../gateway-config.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { stub } from '../testing/stub.js';
import { ConnectionIndex, SHARE_USERS_EVERY } from './connection-index.js';

function setUp() {
  const shared: string[] = [];
  const calls: number[] = [];
  const redis = { away: false };
  const index = new ConnectionIndex(
    stub<GatewayConfig>('GatewayConfig', { instanceId: 'gw-1', positionCheckMs: 3_000 }),
    stub<PresenceStore>('PresenceStore', {
      shareUsers: async (shares, instanceId, ttlMs) => {
        // Longer than the time until it is said again.
        expect(ttlMs).toBeGreaterThan(SHARE_USERS_EVERY * 3_000);
        calls.push(shares.length);
        shared.push(...shares.map(({ userId, connections }) => `${userId}@${instanceId}=${connections}`));
        await new Promise((resolve) => setImmediate(resolve));
        if (redis.away) throw new Error('away');
      },
    }),
  );
  const open = () => {
    const connection = new FakeConnection(0);
    connection.identity = undefined;
    index.add(connection);
    return connection;
  };
  return { index, shared, calls, redis, open };
}

const identity = (userId: number, sessionId: string): Identity => ({
  userId,
  userName: `u${userId}`,
  sessionId,
  expiresAt: Infinity,
  role: 'user',
});

describe('ConnectionIndex', () => {
  it('finds connections by user and by session', async () => {
    const { index, open } = setUp();
    const [a, b, c] = [open(), open(), open()];
    await index.authenticate(a, identity(1, 'phone'), 't1');
    await index.authenticate(b, identity(1, 'laptop'), 't2');
    expect(index.size).toBe(3);
    expect([...index.all()]).toEqual([a, b, c]);
    expect([...index.ofUser(1)]).toEqual([a, b]);
    expect([...index.ofSession('laptop')]).toEqual([b]);
    expect(a.tokenDigest).toBe(digestOf('t1'));
    expect(a.identity?.userId).toBe(1);
  });

  it('answers an empty set for whom it does not know', () => {
    const { index } = setUp();
    expect(index.ofUser(9).size).toBe(0);
    expect(index.ofSession('none').size).toBe(0);
  });

  it('says how many connections a user has here at each change', async () => {
    const { index, open, shared } = setUp();
    const [a, b] = [open(), open()];
    await index.authenticate(a, identity(1, 's'), 't');
    await index.authenticate(b, identity(1, 's'), 't');
    index.remove(a);
    await eventually(() => expect(shared).toHaveLength(3));
    index.remove(b);
    await eventually(() => expect(shared).toEqual(['1@gw-1=1', '1@gw-1=2', '1@gw-1=1', '1@gw-1=0']));
    expect(index.ofUser(1).size).toBe(0);
    expect(index.ofSession('s').size).toBe(0);
    expect(index.size).toBe(0);
  });

  it('removes a connection that never authenticated without a word', () => {
    const { index, open, shared } = setUp();
    index.remove(open());
    expect(index.size).toBe(0);
    expect(shared).toEqual([]);
  });

  it('forgets a connection although Redis is away, and says it again when asked to', async () => {
    const { index, open, shared, redis } = setUp();
    const [a, b] = [open(), open()];
    await index.authenticate(a, identity(1, 's'), 't');
    await index.authenticate(b, identity(2, 's2'), 't');
    redis.away = true;
    index.remove(a);
    expect(index.ofUser(1).size).toBe(0);
    await eventually(() => expect(shared).toContain('1@gw-1=0'));
    await new Promise((resolve) => setImmediate(resolve));
    redis.away = false;
    shared.length = 0;
    await index.shareAll();
    // The first one's leave, too: this instance lives, so nobody else would take it out.
    expect(shared).toEqual(['2@gw-1=1', '1@gw-1=0']);
    shared.length = 0;
    await index.shareAll();
    expect(shared).toEqual(['2@gw-1=1']);
  });

  it('rejects when a user cannot be made known', async () => {
    const { index, open, redis } = setUp();
    redis.away = true;
    await expect(index.authenticate(open(), identity(1, 's'), 't')).rejects.toThrow('away');
  });

  // Each log-in of a wave was two commands of its own, and a repair as many for everybody.
  it('says those who come during a call with one next, and no more than 500 at once', async () => {
    const { index, open, calls, shared } = setUp();
    const come = (count: number, from: number) =>
      Promise.all(
        Array.from({ length: count }, (_, i) =>
          index.authenticate(open(), identity(from + i, `s${from + i}`), 't'),
        ),
      );
    await Promise.all([come(1, 1), new Promise(setImmediate).then(() => come(500, 2))]);
    expect(calls).toEqual([1, 500]);
    await index.shareAll();
    expect(calls).toEqual([1, 500, 500, 1]);
    expect(new Set(shared).size).toBe(501);
  });

  it('says with the next check who came while Redis was away', async () => {
    const { index, open, redis, shared } = setUp();
    redis.away = true;
    await expect(index.authenticate(open(), identity(1, 's'), 't')).rejects.toThrow('away');
    redis.away = false;
    shared.length = 0;
    await index.shareUnsaid();
    await index.shareUnsaid();
    expect(shared).toEqual(['1@gw-1=1']);
  });

  it('says everybody with the next check when more had come than one call names', async () => {
    const { index, open, redis, shared } = setUp();
    redis.away = true;
    const come = Array.from({ length: 1_001 }, (_, i) =>
      index.authenticate(open(), identity(i + 1, `s${i + 1}`), 't'),
    );
    await Promise.allSettled(come);
    redis.away = false;
    shared.length = 0;
    await index.shareUnsaid();
    expect(new Set(shared).size).toBe(1_001);
    shared.length = 0;
    await index.shareUnsaid();
    expect(shared).toEqual([]);
  });

  // A frame that waited for one before it was the first to name a user: of a connection that was gone, for ever.
  it('does not take in a connection that has gone', async () => {
    const { index, open, shared } = setUp();
    const connection = open();
    index.remove(connection);
    await expect(index.authenticate(connection, identity(1, 's'), 't')).rejects.toThrow('gone');
    expect([index.ofUser(1).size, index.ofSession('s').size, shared]).toEqual([0, 0, []]);
  });
});
