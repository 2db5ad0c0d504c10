import { HealthRegistry } from '@parley/observability';
import { expect, it } from 'vitest';
import { AckLevelService } from './ack-level.service.js';

const level = { replicas: 1, fsync: false };

it('makes ready mean that sends can be acknowledged, and starts all the same', async () => {
  const health = new HealthRegistry();
  const reason = 'too few replicas have what is written';
  await new AckLevelService({ level, check: () => Promise.resolve(reason) }, health).onApplicationBootstrap();
  expect(await health.failing()).toEqual({ acks: reason });
  await new AckLevelService({ level, check: () => Promise.resolve(true) }, health).onApplicationBootstrap();
  expect(await health.failing()).toEqual({});
});

it('asks nothing where the primary alone answers for a message', async () => {
  const health = new HealthRegistry();
  await new AckLevelService(undefined, health).onApplicationBootstrap();
  expect(await health.failing()).toEqual({});
});
