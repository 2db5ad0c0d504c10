import { eventually, sharedRedis, startTcpProxy, uniquePrefix } from '@parley/testing';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { numbers, queueWorld } from './queue.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

it('skips nothing when the connection is reset in the middle of replies', async () => {
  const { url } = await sharedRedis();
  const { hostname, port } = new URL(url);
  const proxy = await startTcpProxy({ target: { host: hostname, port: Number(port) } });
  onTestFinished(() => proxy.close());
  const { add, consume, allAcked } = queueWorld(url, uniquePrefix('reset'));
  const { seen } = consume('dispatch', { at: `redis://127.0.0.1:${proxy.port}` });
  await add(1, 5);
  await eventually(() => expect(seen()).toEqual(numbers(1, 5)));

  for (let round = 0; round < 3; round++) {
    const from = 6 + round * 20;
    // A reply of ten entries is longer: what it hands out is pending, and never arrived.
    proxy.resetAfterBytes(300, 'toClient');
    await add(from, from + 19);
    await eventually(() => expect([...new Set(seen())]).toEqual(numbers(1, from + 19)), { timeoutMs: 8_000 });
    expect(proxy.resets).toBe(round + 1);
  }
  await allAcked('dispatch');
});
