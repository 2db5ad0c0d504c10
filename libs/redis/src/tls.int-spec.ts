import {
  eventually,
  makeAuthority,
  startRedis,
  type RedisHarness,
  type TestAuthority,
} from '@parley/testing';
import { readAuthorities } from '@parley/config';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { RedisConnections } from './connections.js';

let authority: TestAuthority;
let other: TestAuthority;
let redis: RedisHarness;
beforeAll(async () => {
  [authority, other] = await Promise.all([makeAuthority(), makeAuthority('another')]);
  // For the name alone: its address is another name.
  const pair = await authority.issue({ hosts: ['localhost'] });
  redis = await startRedis({ tls: authority.write('redis', pair) });
});
afterAll(async () => {
  await redis?.stop();
  authority?.remove();
  other?.remove();
});

function connectionsTo(host: string, caFile?: string, url = `rediss://${host}:${redis.tlsPort}`) {
  const errors: string[] = [];
  const authorities = caFile === undefined ? undefined : readAuthorities(caFile);
  const connections = new RedisConnections(
    url,
    ({ message }) => errors.push(message),
    undefined,
    authorities,
  );
  onTestFinished(() => connections.close());
  return { connections, errors };
}

describe('Redis over TLS', () => {
  it('is used by every kind of connection', async () => {
    const { connections, errors } = connectionsTo('localhost', authority.caFile);
    await connections.reached();
    const kinds = [
      connections.main,
      connections.createBlocking('reader'),
      connections.createLane('lane', 5_000),
      connections.createSubscriber('events'),
    ];
    for (const connection of kinds) {
      expect(await connection.ping()).toBe('PONG');
      expect((connection.stream as { encrypted?: boolean }).encrypted).toBe(true);
    }
    expect(errors).toEqual([]);
  });

  it('is used again after the server was away', async () => {
    const { connections } = connectionsTo('localhost', authority.caFile);
    await connections.reached();
    await redis.restart();
    await eventually(async () => expect(await connections.main.ping()).toBe('PONG'));
  });

  // Whether a server is silent is told by the bytes that come: they have to be counted here, too.
  it('counts what comes', async () => {
    const { connections } = connectionsTo('localhost', authority.caFile);
    await connections.reached();
    const before = connections.main.stream.bytesRead;
    await connections.main.ping();
    expect(connections.main.stream.bytesRead).toBeGreaterThan(before);
  });

  it.each<[string, () => ReturnType<typeof connectionsTo>, RegExp]>([
    [
      'of another authority',
      () => connectionsTo('localhost', other.caFile),
      /^Redis is refused: its certificate is not from an authority/,
    ],
    [
      'of none that the system knows',
      () => connectionsTo('localhost'),
      /^Redis is refused: its certificate is not from an authority/,
    ],
    [
      'for another name',
      () => connectionsTo('127.0.0.1', authority.caFile),
      /^Redis is refused: its certificate is for another name/,
    ],
  ])('is refused at the start with a certificate %s', async (_, open, why) => {
    const { connections, errors } = open();
    await expect(connections.reached()).rejects.toThrow(why);
    expect(errors.length).toBeGreaterThan(0);
  });

  it('is guessed where plain Redis is spoken to it', async () => {
    const { connections, errors } = connectionsTo('', undefined, `redis://127.0.0.1:${redis.tlsPort}`);
    void connections.reached().catch(() => undefined);
    await eventually(() => expect(errors.join()).toContain('its URL is rediss://'));
  });

  it('is missed where it is spoken to plain Redis', async () => {
    const url = `rediss://127.0.0.1:${redis.port}`;
    const { connections, errors } = connectionsTo('', authority.caFile, url);
    void connections.reached().catch(() => undefined);
    await eventually(() => expect(errors.join()).toContain('its URL is redis://'), { timeoutMs: 25_000 });
  });
});
