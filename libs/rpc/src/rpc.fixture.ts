import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { rpcContract } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import { RedisConnections, RedisKeys } from '@parley/redis';
import { MemoryRegistry } from '@parley/registry';
import { eventually } from '@parley/testing';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { DirectRedisClient, type DirectRedisClientOptions } from './direct-redis-client.js';
import { linkFolder } from './links/links.fixture.js';
import { DirectRedisServer, type DirectRedisServerOptions } from './direct-redis-server.js';
import { RpcClient } from './rpc-client.js';
import { RpcMethod } from './rpc-method.decorator.js';

const request = z.object({ n: z.number(), text: z.string().optional() });
const response = z.object({ by: z.string() });
const base = { service: 'logic', request, response, deadlineMs: 5_000 } as const;

/** Methods that the test service serves. */
export const testRpc = {
  read: rpcContract({ ...base, pattern: 'logic.read', idempotent: true }),
  write: rpcContract({ ...base, pattern: 'logic.write', idempotent: false }),
  silentRead: rpcContract({ ...base, pattern: 'logic.silentRead', idempotent: true }),
  silentWrite: rpcContract({ ...base, pattern: 'logic.silentWrite', idempotent: false }),
  held: rpcContract({ ...base, pattern: 'logic.held', idempotent: false }),
  refuse: rpcContract({ ...base, pattern: 'logic.refuse', idempotent: true }),
  crash: rpcContract({ ...base, pattern: 'logic.crash', idempotent: true }),
  lie: rpcContract({ ...base, pattern: 'logic.lie', idempotent: true }),
  /** Answers a text of `n` bytes. */
  large: rpcContract({ ...base, pattern: 'logic.large', idempotent: false, replyBytes: ({ n }) => n }),
  nobody: rpcContract({ ...base, pattern: 'logic.nobody', idempotent: false }),
};

/** Executions, as `<method> <instance> <n>`. */
export type Calls = string[];

/** Requests of `held` that wait, in order of arrival; calling one answers it. */
export type Held = (() => void)[];

function serviceModule(instanceId: string, calls: Calls, held: Held) {
  const note = (method: string, n: number) => {
    calls.push(`${method} ${instanceId} ${n}`);
    return { by: instanceId };
  };
  const silence = new Promise<never>(() => undefined);

  @Controller()
  class TestController {
    @RpcMethod(testRpc.read)
    read(@Payload() { n }: { n: number }) {
      return note('read', n);
    }
    @RpcMethod(testRpc.write)
    write(@Payload() { n }: { n: number }) {
      return note('write', n);
    }
    @RpcMethod(testRpc.silentRead)
    silentRead(@Payload() { n }: { n: number }) {
      note('silentRead', n);
      return silence;
    }
    @RpcMethod(testRpc.silentWrite)
    silentWrite(@Payload() { n }: { n: number }) {
      note('silentWrite', n);
      return silence;
    }
    @RpcMethod(testRpc.held)
    async held(@Payload() { n }: { n: number }) {
      await new Promise<void>((resolve) => held.push(resolve));
      return note('held', n);
    }
    @RpcMethod(testRpc.refuse)
    refuse() {
      throw new AppError('RATE_LIMITED', { fields: ['a', 'b'], retryAfterMs: 7, context: { secret: 1 } });
    }
    @RpcMethod(testRpc.crash)
    crash() {
      throw new TypeError('internals');
    }
    @RpcMethod(testRpc.large)
    large(@Payload() { n }: { n: number }) {
      return { by: 'x'.repeat(n) };
    }
    @RpcMethod(testRpc.lie)
    lie() {
      return { by: 5 };
    }
  }

  @Module({ controllers: [TestController] })
  class TestModule {}
  return TestModule;
}

/** How requests and replies travel. */
export const ways = ['through Redis', 'over links'] as const;
export type Way = (typeof ways)[number];

/** A Redis URL, a prefix, and makers of servers and clients in it; all are closed when the test ends. */
export function rpcWorld(url: string, prefix: string, way: Way = 'through Redis') {
  const links = way === 'over links' ? linkFolder() : undefined;
  const keys = new RedisKeys(prefix, { shardCount: 1, shardOf: () => 0 });
  const registry = new MemoryRegistry({ leaseTtlMs: 600_000 });
  const calls: Calls = [];
  const held: Held = [];
  const errors: unknown[] = [];
  /** Instances that met a request which came too late, once for each. */
  const expired: string[] = [];
  onTestFinished(() => registry.close());

  const connect = () => {
    const connections = new RedisConnections(url);
    onTestFinished(() => connections.close());
    return connections;
  };

  /** @returns What ends the server without a word: its registry entry stays. */
  async function serve(
    instanceId: string,
    options: Pick<DirectRedisServerOptions, 'maxRequestsInHand' | 'now'> = {},
  ): Promise<() => Promise<void>> {
    return (await serveDraining(instanceId, options)).close;
  }

  /** The same, with what lets the server drain first. */
  async function serveDraining(
    instanceId: string,
    options: Pick<DirectRedisServerOptions, 'maxRequestsInHand' | 'now'> = {},
  ): Promise<{ close: () => Promise<void>; drain: (withinMs: number) => Promise<void>; cut: () => void }> {
    const connections = connect();
    const strategy = new DirectRedisServer({
      ...options,
      links,
      connections,
      keys,
      service: 'logic',
      instanceId,
      onError: (error) => errors.push(error),
      onExpired: () => expired.push(instanceId),
    });
    const app: INestMicroservice = await NestFactory.createMicroservice(
      serviceModule(instanceId, calls, held),
      {
        strategy,
        logger: false,
      },
    );
    await app.listen();
    const close = () => app.close();
    onTestFinished(close);
    await enlist(instanceId);
    // As a process that ends: what it has not sent is gone.
    const cut = () => connections.close();
    return { close, drain: (withinMs) => strategy.drain(withinMs), cut };
  }

  /** Registers an instance, whether or not there is one. */
  async function enlist(instanceId: string): Promise<void> {
    await registry.register({
      instanceId,
      service: 'logic',
      state: 'ready',
      address: '',
      version: '1',
      load: 0,
      startedAt: 0,
    });
    await registry.refresh('logic');
  }

  async function client(instanceId = 'caller', options: DirectRedisClientOptions = {}) {
    const direct = new DirectRedisClient(connect(), keys, instanceId, { ...options, links });
    await direct.connect();
    onTestFinished(() => direct.close());
    const rpc = new RpcClient(
      direct,
      registry,
      () => undefined,
      () => undefined,
    );
    /** Until there is a link to each of these servers, where links are made: a call begins it. */
    const linkTo = async (...targets: string[]) => {
      if (!links) return;
      await eventually(async () => {
        for (const target of targets) await refusal(rpc.call(testRpc.nobody, { n: 0 }, { target }));
        if (direct.links !== targets.length) throw new Error(`${direct.links} links`);
      });
    };
    return { direct, rpc, linkTo };
  }

  return { keys, registry, calls, held, errors, expired, connect, serve, serveDraining, enlist, client };
}

/** The error that a promise rejects with. */
export async function refusal(promise: Promise<unknown>): Promise<AppError> {
  const error: unknown = await promise.then(
    (value) => new Error(`resolved: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw error;
  return error;
}
