import { Test } from '@nestjs/testing';
import { eventually, sharedRedis, startRedis, uniquePrefix } from '@parley/testing';
import { afterAll, expect, it, onTestFinished, vi } from 'vitest';
import {
  DatabaseLife,
  EventBus,
  LineStore,
  PresenceStore,
  RedisConnections,
  RedisKeys,
  RedisModule,
  REPLICATED_LANE,
  RevocationList,
  RoomStore,
  SessionStore,
  type RedisModuleOptions,
} from './index.js';
import { send } from './store.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

async function app(options: Partial<RedisModuleOptions> = {}) {
  const { url } = await sharedRedis();
  const prefix = options.prefix ?? uniquePrefix('module');
  const module = await Test.createTestingModule({
    imports: [RedisModule.forRoot({ url, prefix, shardCount: 4, ...options })],
  }).compile();
  module.enableShutdownHooks();
  onTestFinished(() => module.close());
  return { module, prefix };
}

it('gives an app its stores, which know one another’s keys and the times of ids', async () => {
  const { module, prefix } = await app({ maxPendingEntries: 2 });
  const [rooms, lines] = [module.get(RoomStore), module.get(LineStore)];
  for (const survey of await lines.survey()) await lines.prove(survey, '');
  await rooms.restoreHead(42, { epoch: 'e', floor: 0, ceiling: 9, archived: 0 });
  const now = await rooms.nowMs();
  const made = (aheadMs: number, id: string) =>
    rooms.accept(send(id, { clientMsgIdMs: now + aheadMs, archiveAsked: false }));
  expect(await made(-310_000, 'old')).toMatchObject({ kind: 'ask-archive' });
  expect(await made(-240_000, 'a')).toMatchObject({ kind: 'ok', seq: 1 });
  expect(await made(180_000, 'ahead')).toMatchObject({ kind: 'ask-archive' });
  expect(await made(110_000, 'b')).toMatchObject({ kind: 'ok', seq: 2 });
  expect(await made(0, 'c')).toEqual({ kind: 'overloaded' });
  const { position } = await module
    .get(PresenceStore)
    .share(42, 'gw', { complete: false, added: [{ userId: 1, userName: 'a' }], removed: [] });
  expect(position).toEqual({ seq: 2, epoch: 'e' });
  expect(module.get(RedisKeys).prefix).toBe(prefix);
  expect(module.get(REPLICATED_LANE)).toBeUndefined();
});

it('has read what was revoked, and which database it is, before it serves; and hears of more', async () => {
  const first = await app();
  const inAnHour = Date.now() + 3_600_000;
  await first.module.get(SessionStore).revoke('before', inAnHour, Date.now());
  const connections = first.module.get(RedisConnections);
  await connections.main.hset(first.module.get(RedisKeys).database(), 'life', 'x');
  const { module } = await app({ prefix: first.prefix });
  expect(module.get(RevocationList).isRevoked('before')).toBe(true);
  expect(module.get(DatabaseLife).current).toBe('x');
  await first.module.get(RevocationList).revoke('later', inAnHour);
  await eventually(() => expect(module.get(RevocationList).isRevoked('later')).toBe(true));
});

// Its first command was given up after five seconds, and the process ended.
it('waits for a Redis that is not there yet, and says so', { timeout: 60_000 }, async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  await redis.kill();
  const onWaiting = vi.fn();
  const errors: string[] = [];
  const onError = (error: Error, role: string) => void errors.push(`${role}: ${error.message}`);
  const started = app({ url: redis.url, onWaiting, onError });
  await eventually(() => expect(onWaiting).toHaveBeenCalledOnce());
  expect(errors).toContainEqual(expect.stringMatching(/^main: .*ECONNREFUSED/));
  await redis.restart();
  const { module } = await started;
  await module.get(RedisConnections).reached(() => expect.unreachable());
});

it('does not start with another number of shards', async () => {
  const { prefix } = await app();
  await expect(app({ prefix, shardCount: 8 })).rejects.toThrow(/4 shards.* 8/);
});

it('closes its connections when the app has ended, and reports errors of its hints', async () => {
  const errors: string[] = [];
  const { module } = await app({ onError: (error, role) => errors.push(`${role}: ${error.message}`) });
  const { main } = module.get(RedisConnections);
  const events = module.get(EventBus);
  await main.publish(module.get(RedisKeys).events('revoked'), '{');
  await eventually(() => expect(errors).toEqual([expect.stringMatching(/^events: /)]));
  expect(events).toBeDefined();
  await module.close();
  await eventually(() => expect(main.status).toBe('end'));
});

it('accepts on a lane when acknowledged means more than the primary, and not where nobody can answer for it', async () => {
  const redis = await startRedis({ appendOnly: false });
  onTestFinished(() => redis.stop());
  const { url } = redis;
  const acks = (replicas: number, fsync: boolean) => ({ url, acks: { replicas, fsync, instanceId: 'i' } });
  expect((await app(acks(0, false))).module.get(REPLICATED_LANE)).toBeUndefined();
  const { module } = await app(acks(1, false));
  const lines = module.get(LineStore);
  for (const survey of await lines.survey()) await lines.prove(survey, '');
  const rooms = module.get(RoomStore);
  await rooms.restoreHead(42, { epoch: 'e', floor: 0, ceiling: 9, archived: 0 });
  // There is no replica.
  await expect(rooms.accept(send('a'))).rejects.toMatchObject({ code: 'NOT_REPLICATED' });
  await expect(app(acks(0, true))).rejects.toThrow(/PARLEY_ACK_FSYNC/);
});
