import { sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { CorkedRedis } from './corked-redis.js';

afterAll(async () => (await sharedRedis()).stop());

async function setUp() {
  const redis = new CorkedRedis((await sharedRedis()).url);
  onTestFinished(() => redis.disconnect());
  await redis.ping();
  const key = uniquePrefix();
  // What reaches the operating system: `_writev` and `_write` of the socket.
  const socket = redis.stream as unknown as Record<'_write' | '_writev', (...args: unknown[]) => void>;
  const writes = [vi.spyOn(socket, '_write'), vi.spyOn(socket, '_writev')];
  const count = () => writes.reduce((sum, { mock }) => sum + mock.calls.length, 0);
  return { redis, key, count };
}

describe('CorkedRedis', () => {
  it('writes the commands of a turn at once, in their order', async () => {
    const { redis, key, count } = await setUp();
    const answers = await Promise.all([
      redis.rpush(key, 'a'),
      Promise.resolve().then(() => redis.rpush(key, 'b')),
      redis.pipeline().rpush(key, 'c').rpush(key, 'd').exec(),
    ]);
    expect(count()).toBe(1);
    expect(answers.flat(2)).toHaveLength(6);
    expect(await redis.lrange(key, 0, -1)).toEqual(['a', 'c', 'd', 'b']);
    expect(count()).toBe(2);
  });

  it('lets nothing wait longer than that', async () => {
    const { redis, count } = await setUp();
    const answered = redis.ping();
    expect(count()).toBe(0);
    await new Promise(process.nextTick);
    expect(count()).toBe(1);
    await answered;
  });

  it('says how long Redis took, of one command in a tenth of a second, refused ones too', async () => {
    const { redis, key } = await setUp();
    const onAnswered = vi.fn();
    redis.onAnswered = onAnswered;
    const now = vi.spyOn(performance, 'now');
    onTestFinished(() => void now.mockRestore());
    const at = (ms: number) => void now.mockReturnValue(ms);
    at(1_000);
    const first = redis.ping();
    at(1_007);
    await first;
    expect(onAnswered.mock.calls).toEqual([[0.007]]);
    for (const ms of [1_050, 1_099]) {
      at(ms);
      await redis.ping();
    }
    expect(onAnswered).toHaveBeenCalledTimes(1);
    at(1_100);
    const refused = redis.call('LPUSH', key);
    at(1_102);
    await expect(refused).rejects.toThrow();
    expect(onAnswered.mock.lastCall).toEqual([0.002]);
  });

  // The question for the server's state was refused then, the connection given up, and the subscription gone.
  it('subscribes whatever the connection is doing, and keeps that connection', async () => {
    const { key } = await setUp();
    const redis = new CorkedRedis((await sharedRedis()).url, { autoResubscribe: false });
    onTestFinished(() => redis.disconnect());
    const closed = vi.fn();
    redis.on('close', closed);
    await new Promise((resolve) => redis.once('connect', resolve));
    expect(redis.status).toBe('connect');
    expect(await Promise.all([redis.subscribe(key), redis.psubscribe(`${key}*`)])).toEqual([1, 2]);
    expect(redis.status).toBe('ready');
    expect(await redis.subscribe(`${key}2`)).toBe(3);
    expect(closed).not.toHaveBeenCalled();
  });

  it('subscribes on the next connection when the first is lost before it may, and once', async () => {
    const { redis: other, key } = await setUp();
    const redis = new CorkedRedis((await sharedRedis()).url, { autoResubscribe: false });
    onTestFinished(() => redis.disconnect());
    await new Promise((resolve) => redis.once('connect', resolve));
    const subscribed = redis.subscribe(key);
    redis.stream.destroy();
    expect(await subscribed).toBe(1);
    expect(await other.pubsub('NUMSUB', key)).toEqual([key, 1]);
    // Nobody asks for it on a third one.
    redis.stream.destroy();
    await new Promise((resolve) => redis.once('ready', resolve));
    await redis.ping();
    expect(await other.pubsub('NUMSUB', key)).toEqual([key, 0]);
  });

  it('refuses a subscription that is given up with the connection', async () => {
    const redis = new CorkedRedis((await sharedRedis()).url);
    await new Promise((resolve) => redis.once('connect', resolve));
    const subscribed = redis.subscribe(uniquePrefix());
    redis.disconnect();
    await expect(subscribed).rejects.toThrow('Connection is closed.');
  });

  it('goes on after its connection was lost, also with what was called meanwhile', async () => {
    const { redis, key } = await setUp();
    redis.stream.destroy();
    await Promise.all(['a', 'b'].map((value) => redis.rpush(key, value)));
    await Promise.all(['c', 'd'].map((value) => redis.rpush(key, value)));
    expect(await redis.lrange(key, 0, -1)).toEqual(['a', 'b', 'c', 'd']);
  });
});
