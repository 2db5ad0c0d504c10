import { eventually } from '@parley/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { CommonConfig } from '@parley/config';
import { HealthRegistry, MetricsRegistry, type BootstrapOptions } from '@parley/observability';
import { RedisConnections, RedisKeys } from '@parley/redis';
import { SelfRegistration } from '@parley/registry';
import { DirectRedisClient, DirectRedisServer } from '@parley/rpc';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runService } from './run-service.js';

const boot = vi.hoisted(() => ({ options: undefined as unknown }));
vi.mock('@parley/observability', async (original) => ({
  ...(await original<object>()),
  bootstrapApp: async (options: unknown) => void (boot.options = options),
}));

/** Starts a service whose app, registration and RPC server say what they are told, in order. */
async function setUp(servesRpc = true, advertisedHost?: string) {
  const done: string[] = [];
  const says = (what: string) => async () => void done.push(what);
  const announce = vi.fn(async (state: string) => void done.push(`announce ${state}`));
  const health = new HealthRegistry();
  const loads: (() => number)[] = [];
  const parts = new Map<unknown, unknown>([
    [RedisConnections, {}],
    [RedisKeys, {}],
    [HealthRegistry, health],
    [MetricsRegistry, new MetricsRegistry()],
    [DirectRedisClient, { links: 2 }],
    [
      SelfRegistration,
      {
        announce,
        setAddress: (address: string) => void done.push(`address ${address}`),
        reportLoad: (load: () => number) => void loads.push(load),
      },
    ],
  ]);
  const drain = vi.spyOn(DirectRedisServer.prototype, 'drain').mockImplementation(says('drain rpc'));
  const app = {
    get: (token: unknown) => parts.get(token),
    connectMicroservice: () => void done.push('connect rpc'),
    startAllMicroservices: says('serve rpc'),
  } as unknown as NestFastifyApplication;
  const config = { instanceId: 'i1', host: '127.0.0.1', advertisedHost, log: { level: 'silent' } };
  const own = vi.fn(says('own drain'));
  await runService({
    service: 'logic',
    config: config as unknown as CommonConfig,
    servesRpc,
    configure: says('own configure'),
    onListening: says('own listening'),
    drain: own,
  } as unknown as Parameters<typeof runService>[0]);
  const options = boot.options as Required<Pick<BootstrapOptions, 'configure' | 'onListening' | 'drain'>>;
  return { app, options, done, announce, health, loads, drain, own };
}
const never = () => new Promise<never>(() => undefined);

describe('runService', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it('serves RPC when all is configured, and registers as ready only once it listens', async () => {
    const { app, options, done, loads } = await setUp();
    await options.configure(app);
    expect(done).toEqual(['own configure', 'connect rpc', 'serve rpc']);
    expect(loads).toHaveLength(1);
    await options.onListening(app, 7_000);
    expect(done.slice(3)).toEqual(['own listening', 'address 127.0.0.1:7000', 'announce ready']);
  });

  it('is not healthy without a Redis that takes writes', async () => {
    const { app, options, health } = await setUp();
    await options.configure(app);
    expect(Object.keys(await health.failing())).toEqual(['redis']);
  });

  it('names the address that it is told to, where that is another one', async () => {
    const { app, options, done } = await setUp(true, 'chat.example');
    await options.onListening(app, 7_000);
    expect(done).toContain('address chat.example:7000');
  });

  it('tells the others that it drains, hands over, and only then stops serving', async () => {
    const { app, options, done, drain } = await setUp();
    await options.configure(app);
    done.length = 0;
    await options.drain(app);
    expect(done).toEqual(['announce draining', 'own drain', 'drain rpc']);
    expect(drain).toHaveBeenCalledWith(1_000);
  });

  it('waits for what it hands over before it stops serving', async () => {
    const { app, options, done, own } = await setUp();
    await options.configure(app);
    let handedOver: () => void = () => undefined;
    own.mockImplementationOnce(
      () => new Promise<undefined>((resolve) => (handedOver = () => resolve(undefined))),
    );
    const draining = options.drain(app);
    await eventually(() => expect(own).toHaveBeenCalled(), { timeoutMs: 10_000 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).not.toContain('drain rpc');
    handedOver();
    await draining;
    expect(done).toContain('drain rpc');
  });

  it.each([
    ['fails', () => Promise.reject(new Error('Redis is away'))],
    ['hangs', never],
  ])('hands over all the same when telling the others %s', async (_, announcing) => {
    const { app, options, done, announce, own } = await setUp();
    await options.configure(app);
    announce.mockImplementation(announcing);
    vi.useFakeTimers();
    const draining = options.drain(app);
    await vi.advanceTimersByTimeAsync(499);
    expect(own.mock.calls.length).toBe(announcing === never ? 0 : 1);
    await vi.advanceTimersByTimeAsync(1);
    await draining;
    expect(done.slice(-2)).toEqual(['own drain', 'drain rpc']);
  });

  it.each([
    ['fail', () => Promise.reject(new Error('away'))],
    ['hang', never],
  ])('ends all the same when calls under way %s', async (_, ending) => {
    const { app, options, drain } = await setUp();
    await options.configure(app);
    drain.mockImplementation(ending);
    vi.useFakeTimers();
    const draining = options.drain(app);
    await vi.advanceTimersByTimeAsync(2_000);
    await draining;
  });

  it('has no RPC server where it serves none', async () => {
    const { app, options, done } = await setUp(false);
    await options.configure(app);
    await options.drain(app);
    expect(done).toEqual(['own configure', 'announce draining', 'own drain']);
  });
});
