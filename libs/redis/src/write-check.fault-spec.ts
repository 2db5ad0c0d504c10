import { eventually, startRedis, uniquePrefix, type StartRedisOptions } from '@parley/testing';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect, testKeys } from './store.fixture.js';
import { checkWrite } from './write-check.js';

const keys = testKeys(uniquePrefix('write-check'));

async function world(options: StartRedisOptions = {}) {
  const server = await startRedis(options);
  onTestFinished(() => server.stop());
  const connections = connect(server.url);
  await connections.main.ping();
  const admin = new Redis(server.url);
  admin.on('error', () => undefined);
  onTestFinished(() => admin.disconnect());
  const verdict = (expected: true | string) =>
    eventually(async () => expect(await checkWrite(connections, keys, 'i1')).toBe(expected), {
      timeoutMs: 10_000,
    });
  return { server, connections, admin, verdict };
}

// A primary that had become a replica answered PING, and every service stayed ready while all sends failed.
describe('checkWrite', () => {
  it('writes one key of the instance, which goes away by itself', async () => {
    const { admin, verdict } = await world();
    await verdict(true);
    expect(await admin.keys(`${keys.prefix}*`)).toEqual([keys.writeCheck('i1')]);
    expect(await admin.pttl(keys.writeCheck('i1'))).toBeGreaterThan(0);
  });

  it.each([
    ['read-only replica', ['replicaof', '127.0.0.1 9'], ['replicaof', 'no one']],
    ['out of memory', ['config', 'set maxmemory 1'], ['config', 'set maxmemory 0']],
    [
      'too few replicas for a write',
      ['config', 'set min-replicas-to-write 1'],
      ['config', 'set min-replicas-to-write 0'],
    ],
    ['may not write', ['acl', 'setuser default -set'], ['acl', 'setuser default +set']],
  ])('says %j, and is well again afterwards', async (reason, [command, args], [back, backArgs]) => {
    const { admin, verdict } = await world();
    await verdict(true);
    await admin.call(command as string, (args as string).split(' '));
    await verdict(reason);
    await admin.call(back as string, (backArgs as string).split(' '));
    await verdict(true);
  });

  it('says that Redis is silent, or not there', async () => {
    const { server, verdict } = await world();
    server.pause();
    await verdict('does not answer');
    server.resume();
    await verdict(true);
    await server.kill();
    await verdict('not connected');
    await server.restart();
    await verdict(true);
  });
});
