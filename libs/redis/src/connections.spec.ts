import { describe, expect, it, vi } from 'vitest';
import { RedisConnections } from './connections.js';

const options = (url: string) => RedisConnections.optionsFor(url, 'main');

describe('options of a connection', () => {
  it('are all of its address', () => {
    expect(options('rediss://us%40er:p%3Aw@[::1]:7000/3')).toMatchObject({
      host: '::1',
      port: 7_000,
      username: 'us@er',
      password: 'p:w',
      db: 3,
      tls: {},
    });
  });

  it('are no more than its address says', () => {
    const plain = options('redis://example.org');
    expect(plain).toMatchObject({ host: 'example.org', port: 6_379, connectionName: 'parley-main' });
    for (const name of ['username', 'password', 'db', 'tls']) expect(plain).not.toHaveProperty(name);
    expect(options('redis://:secret@h/0')).toMatchObject({ password: 'secret' });
    expect(options('redis://:secret@h/0')).not.toHaveProperty('username');
    expect(options('redis://:secret@h/0')).not.toHaveProperty('db');
    expect(options('redis:///2')).toMatchObject({ host: '127.0.0.1', db: 2 });
  });

  it('let commands wait through an outage, and come back for ever, a second later at the most', () => {
    const { maxRetriesPerRequest, retryStrategy, connectTimeout } = options('redis://h');
    expect(maxRetriesPerRequest).toBeNull();
    expect(connectTimeout).toBe(5_000);
    expect([1, 2, 3, 4, 5, 6, 1_000_000].map((times) => retryStrategy?.(times))).toEqual([
      100, 200, 400, 800, 1_000, 1_000, 1_000,
    ]);
  });
});

it('waits for a server in vain when the connections are closed', async () => {
  const connections = new RedisConnections('redis://127.0.0.1:1');
  const reached = connections.reached();
  connections.close();
  await expect(reached).rejects.toThrow('closed');
});

it('has done with a connection that has ended', async () => {
  const connections = new RedisConnections('redis://127.0.0.1:1');
  const [ended, open] = [connections.createBlocking('a'), connections.createBlocking('b')];
  const isOver = new Promise((resolve) => ended.once('end', resolve));
  ended.disconnect();
  await isOver;
  const disconnects = [ended, open].map((redis) => vi.spyOn(redis, 'disconnect'));
  connections.close();
  expect(disconnects.map(({ mock }) => mock.calls.length)).toEqual([0, 1]);
});
