import type { PresenceStore, RedisConnections } from '@parley/redis';
import { MemoryRegistry } from '@parley/registry';
import type { RpcClient } from '@parley/rpc';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SHARE_USERS_EVERY, type ConnectionIndex } from '../connections/connection-index.js';
import type { GatewayConfig } from '../gateway-config.js';
import { stub } from '../testing/stub.js';
import { MAX_UNSETTLED_CHECKS, PositionCheck } from './position-check.js';
import type { DirectoryEntry, RoomDirectory } from './room-directory.js';

const CHECK_MS = 3_000;
const LEASE_MS = 7_000;
const position = { seq: 1, epoch: 'e1' };
const gateway = (instanceId: string) => ({
  instanceId,
  service: 'connect-gateway',
  state: 'ready' as const,
  address: '',
  version: '',
  load: 0,
  startedAt: 0,
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Rooms with one user here, and what Redis says of them. The `others` are gateways that are about to die. */
async function setUp({ others = [] as string[], rooms = [7], delivered = { seq: 0, epoch: 'e1' } } = {}) {
  const registry = new MemoryRegistry({ leaseTtlMs: LEASE_MS });
  const ofRoom = new Map([['gw-1', 1]]);
  const ofUser = new Set(['gw-1']);
  const said: string[] = [];
  const connection = new EventEmitter();
  let users = 1;
  let mark: number | undefined = 0;
  let surveys = 0;
  let holdSurvey: Promise<void> | undefined;
  const pulled: number[] = [];
  const asked: unknown[] = [];
  const presence = stub<PresenceStore>('PresenceStore', {
    survey: async (roomIds) => {
      surveys++;
      const survey = { position, here: ofRoom.get('gw-1') ?? 0, instances: [...ofRoom.keys()] };
      await holdSurvey;
      return roomIds.map(() => survey);
    },
    dropInstance: async (_roomId, instanceId) => Number(ofRoom.delete(instanceId)),
    instancesOfUsers: async (userIds) => userIds.map(() => [...ofUser]),
    dropUserInstance: async (_userId, instanceId) => void ofUser.delete(instanceId),
  });
  const entryOf = (roomId: number) =>
    ({
      kind: 'room',
      room: {
        position: delivered,
        pullTo: async (to: { epoch: string }) => void pulled.push(to.epoch === 'e1' ? roomId : -roomId),
      },
      presence: {
        get users() {
          return users;
        },
        get mark() {
          return mark;
        },
        agrees: (here: number) => here === users,
        repair: async () => {
          said.push(`repair ${roomId} to ${users}`);
          return { members: 0, here: 0, position };
        },
      },
      unsettledChecks: 0,
    }) as unknown as DirectoryEntry;
  const entries = new Map(rooms.map((roomId) => [roomId, entryOf(roomId)]));
  const check = new PositionCheck(
    stub<GatewayConfig>('GatewayConfig', { instanceId: 'gw-1', positionCheckMs: CHECK_MS }),
    stub<RoomDirectory>('RoomDirectory', {
      all: () => entries,
      drop: (roomId) => void (users === 0 && said.push(`drop ${roomId}`)),
      changed: () => void said.push('changed'),
    }),
    presence,
    stub<ConnectionIndex>('ConnectionIndex', {
      users: () => [1],
      shareAll: async () => void said.push('share'),
      shareUnsaid: () => Promise.resolve(),
    }),
    registry,
    stub<RpcClient>('RpcClient', {
      call: (({ pattern }: { pattern: string }, request: unknown) => {
        asked.push([pattern, request]);
        return Promise.resolve({ seq: 100_000, epoch: 'e2' });
      }) as never,
    }),
    stub<RedisConnections>('RedisConnections', { main: connection as never }),
  );
  await registry.register(gateway('gw-1'));
  const stayAlive = setInterval(() => void registry.register(gateway('gw-1')), 1_000);
  for (const other of others) await registry.register(gateway(other));
  await check.onApplicationBootstrap();
  return {
    registry,
    ofRoom,
    ofUser,
    said,
    pulled,
    asked,
    check,
    reconnect: () => connection.emit('ready'),
    moveOn: (to: number | undefined) => (mark = to),
    leave: () => (users = 0),
    surveys: () => surveys,
    hold: (until: Promise<void> | undefined): void => void (holdSurvey = until),
    stop: async () => {
      clearInterval(stayAlive);
      await check.onApplicationShutdown();
    },
  };
}

// The counts could be wrong for the lease, a re-read and a whole check interval: more than ten seconds.
it('drops the share of a gateway in the moment in which it is missed, not at the next check', async () => {
  const { ofRoom, said, surveys, stop } = await setUp({ others: ['gw-2'] });
  ofRoom.set('gw-2', 3);
  await vi.advanceTimersByTimeAsync(LEASE_MS - 100);
  const before = surveys();
  expect([...ofRoom.keys()]).toEqual(['gw-1', 'gw-2']);
  await vi.advanceTimersByTimeAsync(150);
  expect([...ofRoom.keys()]).toEqual(['gw-1']);
  expect(said).toEqual(['changed']);
  expect(surveys()).toBeGreaterThan(before);
  await stop();
});

it('looks again when a gateway ends during a check', async () => {
  const { registry, ofRoom, hold, stop } = await setUp({ others: ['gw-2'] });
  let goOn = (): void => undefined;
  hold(new Promise((resolve) => (goOn = resolve)));
  await vi.advanceTimersByTimeAsync(CHECK_MS);
  // Too late for the survey that is under way.
  ofRoom.set('gw-2', 1);
  await registry.deregister('connect-gateway', 'gw-2');
  hold(undefined);
  goOn();
  await vi.advanceTimersByTimeAsync(1);
  expect([...ofRoom.keys()]).toEqual(['gw-1']);
  await stop();
});

// A killed gateway's name stayed with each of its users who came back, for ever.
it('takes the names of dead gateways from the users here, now and then, and no live ones', async () => {
  const { registry, ofUser, stop } = await setUp();
  ofUser.add('gw-0').add('gw-2').add('gw-3');
  await registry.register(gateway('gw-3'));
  const stayAlive = setInterval(() => void registry.register(gateway('gw-3')), 1_000);
  await vi.advanceTimersByTimeAsync(CHECK_MS * (SHARE_USERS_EVERY - 1));
  expect([...ofUser]).toEqual(['gw-1', 'gw-0', 'gw-2', 'gw-3']);
  await vi.advanceTimersByTimeAsync(CHECK_MS);
  expect([...ofUser]).toEqual(['gw-1', 'gw-3']);
  clearInterval(stayAlive);
  await stop();
});

it('puts right what Redis says about this gateway, and then forgets a room that nobody is in', async () => {
  const { ofRoom, said, leave, stop } = await setUp();
  leave();
  await vi.advanceTimersByTimeAsync(CHECK_MS);
  expect(said).toEqual(['repair 7 to 0', 'changed', 'drop 7', 'drop 7', 'share']);
  said.length = 0;
  ofRoom.delete('gw-1');
  await vi.advanceTimersByTimeAsync(CHECK_MS);
  expect(said.filter((what) => what !== 'changed')).toEqual(['drop 7']);
  await stop();
});

// A report in flight looked like a mismatch: everybody in the room and every user of the gateway was said again.
it('does not repair what is on the move, but looks at it all the same at the fifth check', async () => {
  const { ofRoom, said, moveOn, stop } = await setUp();
  ofRoom.set('gw-1', 2);
  moveOn(undefined);
  await vi.advanceTimersByTimeAsync(CHECK_MS * (MAX_UNSETTLED_CHECKS - 1));
  expect(said).toEqual([]);
  await vi.advanceTimersByTimeAsync(CHECK_MS);
  expect(said).toEqual(['repair 7 to 1', 'changed', 'share']);
  said.length = 0;
  await vi.advanceTimersByTimeAsync(CHECK_MS * (MAX_UNSETTLED_CHECKS - 1));
  expect(said).toEqual([]);
  // It comes to rest, still wrong.
  moveOn(1);
  await vi.advanceTimersByTimeAsync(CHECK_MS);
  expect(said).toEqual(['repair 7 to 1', 'changed', 'share']);
  await stop();
});

it('does not repair what a report has changed while Redis was asked', async () => {
  const { ofRoom, said, moveOn, hold, stop } = await setUp();
  ofRoom.set('gw-1', 2);
  let goOn = (): void => undefined;
  hold(new Promise((resolve) => (goOn = resolve)));
  await vi.advanceTimersByTimeAsync(CHECK_MS);
  moveOn(1);
  ofRoom.set('gw-1', 1);
  hold(undefined);
  goOn();
  await vi.advanceTimersByTimeAsync(CHECK_MS);
  expect(said).toEqual([]);
  await stop();
});

// Ten thousand users were said again for each of a thousand rooms.
it('says the users again once in a check, however many rooms it repairs', async () => {
  const rooms = Array.from({ length: 40 }, (_, i) => i + 1);
  const { ofRoom, said, stop } = await setUp({ rooms });
  ofRoom.set('gw-1', 0);
  await vi.advanceTimersByTimeAsync(CHECK_MS);
  expect(said.filter((what) => what.startsWith('repair'))).toHaveLength(40);
  expect(said.filter((what) => what === 'share')).toHaveLength(1);
  await stop();
});

// It was dropped, and what was missed while Redis was away waited for two more checks; the users for twenty.
it('looks again, at everything, after a reconnect during a check', async () => {
  const { said, pulled, hold, reconnect, surveys, stop } = await setUp();
  let goOn = (): void => undefined;
  hold(new Promise((resolve) => (goOn = resolve)));
  await vi.advanceTimersByTimeAsync(CHECK_MS);
  reconnect();
  hold(undefined);
  goOn();
  await vi.advanceTimersByTimeAsync(1);
  expect(surveys()).toBe(2);
  expect(said).toEqual(['share']);
  expect(pulled).toEqual([7]);
  await stop();
});

it('owes the next check what the one after a reconnect could not do', async () => {
  const { said, hold, reconnect, stop } = await setUp();
  hold(Promise.reject(new Error('away again')));
  reconnect();
  await vi.advanceTimersByTimeAsync(1);
  expect(said).toEqual(['share']);
  hold(undefined);
  await vi.advanceTimersByTimeAsync(CHECK_MS);
  expect(said).toEqual(['share', 'share']);
  await vi.advanceTimersByTimeAsync(CHECK_MS);
  expect(said).toEqual(['share', 'share']);
  await stop();
});

// Redis had come back with less: its head said 1 where 5 was delivered, and the next messages were dropped as old.
it('has the epoch of a room end of which it has delivered more than Redis has, and moves on to the next', async () => {
  const seen = { seq: 5, epoch: 'e1' };
  const { asked, pulled, stop } = await setUp({ delivered: seen });
  await vi.advanceTimersByTimeAsync(CHECK_MS + 1);
  expect(asked).toEqual([['logic.restorePosition', { roomId: 7, seen }]]);
  expect(pulled).toContain(-7);
  await stop();
});

it('asks for nothing where Redis has as much as was delivered, or goes on in another epoch', async () => {
  for (const delivered of [position, { seq: 5, epoch: 'e0' }]) {
    const { asked, stop } = await setUp({ delivered });
    await vi.advanceTimersByTimeAsync(CHECK_MS + 1);
    expect(asked).toEqual([]);
    await stop();
  }
});
