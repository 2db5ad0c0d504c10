import type { Identity } from '@parley/contracts';
import type { PresenceStore } from '@parley/redis';
import { describe, expect, it } from 'vitest';
import type { GatewayConfig } from '../gateway-config.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { stub } from '../testing/stub.js';
import { ConnectionIndex, SHARE_USERS_EVERY } from './connection-index.js';

function setUp() {
  const shared: string[] = [];
  const redis = { away: false };
  const index = new ConnectionIndex(
    stub<GatewayConfig>('GatewayConfig', { instanceId: 'gw-1', positionCheckMs: 3_000 }),
    stub<PresenceStore>('PresenceStore', {
      shareUser: (userId, instanceId, count, ttlMs) => {
        // Longer than the time until it is said again.
        expect(ttlMs).toBeGreaterThan(SHARE_USERS_EVERY * 3_000);
        shared.push(`${userId}@${instanceId}=${count}`);
        return redis.away ? Promise.reject(new Error('away')) : Promise.resolve();
      },
    }),
  );
  const open = () => {
    const connection = new FakeConnection(0);
    connection.identity = undefined;
    index.add(connection);
    return connection;
  };
  return { index, shared, redis, open };
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
    expect(a.token).toBe('t1');
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
    index.remove(b);
    expect(shared).toEqual(['1@gw-1=1', '1@gw-1=2', '1@gw-1=1', '1@gw-1=0']);
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
});
