import { startRedis } from '@parley/testing';
import { expect, it, onTestFinished } from 'vitest';
import { RedisConnections } from './connections.js';
import { durabilityProblems } from './durability.js';

async function problemsOf(options: Parameters<typeof startRedis>[0], replicas = 0): Promise<string[]> {
  const server = await startRedis(options);
  const connections = new RedisConnections(server.url);
  onTestFinished(async () => {
    connections.close();
    await server.stop();
  });
  await connections.reached();
  return durabilityProblems(connections.main, { replicas });
}
const evicting = ['--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru'];

it('finds nothing to say of a server with an append file and without eviction', async () => {
  expect(await problemsOf({ appendFsync: 'always' })).toEqual([]);
});

it('names what a server lacks, each with the line that mends it', async () => {
  expect(await problemsOf({ appendOnly: false, extraArgs: evicting })).toEqual([
    expect.stringMatching(/allkeys-lru.*CONFIG SET maxmemory-policy noeviction/),
    expect.stringMatching(/appendonly yes/),
  ]);
});

it('takes replicas for an append file, but not for a server that evicts', async () => {
  expect(await problemsOf({ appendOnly: false }, 1)).toEqual([]);
  expect(await problemsOf({ extraArgs: evicting }, 1)).toHaveLength(1);
});

// A managed server may keep to itself how it is set up.
it('believes a server that says nothing', async () => {
  expect(await durabilityProblems({ info: async () => '# Memory\r\n' }, { replicas: 0 })).toEqual([]);
});
