import { eventually } from '@parley/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawTcp, RawWs, type RawClient } from './raw-clients.js';
import { Stack, type AppProcess } from './stack.js';

/** What Redis keeps for a subscriber that does not read, bytes: more than the largest call, less than what comes meanwhile. */
const OUTPUT_LIMIT_BYTES = 3 * 1024 * 1024;
/** The longest text there is, 16 kB of UTF-8: the kernel's buffers, some megabytes, are filled before Redis's. */
const LONG = '🙂'.repeat(4_000);
/** So many at a time, until Redis has had enough. */
const AT_ONCE = 20;
/** What a room's log holds: beyond it there is a resync, and nothing to count. */
const MAX_MESSAGES = 1_000;

/** Hints hand messages to gateways before any worker does; what they miss, others have to bring. */
describe('hints', { timeout: 120_000 }, () => {
  let stack: Stack;
  let redis: Redis;
  let token: string;

  beforeAll(async () => {
    stack = await Stack.start({
      env: {
        PARLEY_SENDS_PER_SECOND: '10000',
        PARLEY_SEND_BURST: '10000',
        PARLEY_REQUESTS_PER_SECOND: '10000',
        // Who stands still is not gone.
        PARLEY_REGISTRY_LEASE_TTL_MS: '60000',
        PARLEY_POSITION_CHECK_MS: '3600000',
      },
    });
    redis = new Redis(stack.redis.url);
    token = await stack.login('demo');
  });
  afterAll(async () => {
    redis?.disconnect();
    await stack?.stop();
  });

  async function join({ ports }: AppProcess, at: 'ws' | 'tcp', roomId: number): Promise<RawClient> {
    const client =
      at === 'ws'
        ? await RawWs.connect(`ws://127.0.0.1:${ports['ws']}/ws`)
        : await RawTcp.connect(ports['tcp'] ?? 0);
    client.send({ op: 20, authToken: token, roomId });
    await client.waitFor(({ op }) => op === 21);
    return client;
  }
  /** Connections of Redis that listen to hints. */
  const listeners = async () =>
    String(await redis.client('LIST', 'TYPE', 'PUBSUB')).match(/name=\S*hints\S*/g)?.length ?? 0;

  it('that a gateway could not take, beyond what Redis keeps for it, are made up for: all of it, once, in order', async () => {
    const { roomId } = await stack.api(token).createRoom('stalled');
    const [stalled, other] = stack.of('connect-gateway') as [AppProcess, AppProcess];
    const members = await Promise.all([
      join(stalled, 'ws', roomId),
      join(stalled, 'tcp', roomId),
      join(other, 'ws', roomId),
    ]);
    await redis.config('SET', 'client-output-buffer-limit', `pubsub ${OUTPUT_LIMIT_BYTES} 0 0`);
    const before = await listeners();
    let sent = 0;
    const say = async (text: string) => {
      sent++;
      await stack.api(token).send(roomId, text);
    };
    await say('before');
    stalled.process.pause();
    while ((await listeners()) === before) {
      expect(sent + AT_ONCE).toBeLessThan(MAX_MESSAGES);
      await Promise.all(Array.from({ length: AT_ONCE }, () => say(LONG)));
    }
    stalled.process.resume();
    await eventually(async () => expect(await listeners()).toBe(before), { timeoutMs: 20_000 });
    await say('after');
    const all = Array.from({ length: sent }, (_, i) => i + 1);
    await eventually(
      () => {
        for (const member of members) expect(member.seqs()).toEqual(all);
      },
      { timeoutMs: 30_000 },
    );
    for (const member of members) member.close();
  });
});
