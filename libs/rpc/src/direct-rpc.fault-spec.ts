import { eventually, startRedis, uniquePrefix } from '@parley/testing';
import { expect, it, onTestFinished } from 'vitest';
import { refusal, rpcWorld, testRpc } from './rpc.fixture.js';

it('hears again on both sides after Redis was killed, and nothing is rejected unheard', async () => {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));

  const world = rpcWorld(server.url, uniquePrefix('rpc'));
  await world.serve('a');
  const { rpc, direct } = await world.client();
  expect(await rpc.call(testRpc.read, { n: 1 })).toEqual({ by: 'a' });

  for (let round = 0; round < 2; round++) {
    const inTheAir = refusal(rpc.call(testRpc.silentWrite, { n: 2 }, { deadlineMs: 300 }));
    await server.kill();
    expect(['DEADLINE_EXCEEDED', 'UNAVAILABLE']).toContain((await inTheAir).code);
    const away = await refusal(rpc.call(testRpc.write, { n: 3 }, { deadlineMs: 300 }));
    expect(['DEADLINE_EXCEEDED', 'UNAVAILABLE']).toContain(away.code);

    await server.restart();
    // Neither connection resubscribes by itself: the client and the server must.
    await eventually(
      async () => expect(await rpc.call(testRpc.write, { n: 10 }, { deadlineMs: 500 })).toEqual({ by: 'a' }),
      { timeoutMs: 15_000 },
    );
  }
  expect(direct.pending).toBe(0);
  expect(unhandled).toEqual([]);
});
