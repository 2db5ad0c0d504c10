import type { PresenceStore, RedisConnections, RoomPosition } from '@parley/redis';
import { MemoryRegistry } from '@parley/registry';
import type { RpcClient } from '@parley/rpc';
import { EventEmitter } from 'node:events';
import { expect, onTestFinished, vi } from 'vitest';
import type { ConnectionIndex } from '../connections/connection-index.js';
import type { GatewayConfig } from '../gateway-config.js';
import { PositionCheck } from '../rooms/position-check.js';
import type { DirectoryEntry, RoomDirectory } from '../rooms/room-directory.js';
import { gatewayInstance } from './gateway-instance.js';
import { stub } from './stub.js';

/** Between two looks, milliseconds. */
export const CHECK_MS = 3_000;

/** A room here, at 5 of `e1`, with one user, as Redis says; what is said and done about it. */
export class Room {
  position: RoomPosition = { seq: 5, epoch: 'e1' };
  head: RoomPosition | undefined = { seq: 5, epoch: 'e1' };
  here = 1;
  users = 1;
  instances = ['gw-1'];
  /** Users of its members here; undefined for one who has not said who it is. */
  members: (number | undefined)[] = [1];
  usedAt = performance.now();
  isOpen = true;
  readonly pulled: RoomPosition[] = [];
  repairs = 0;
  pull: () => Promise<void> = () => Promise.resolve();

  constructor(readonly kind: 'room' | 'direct' = 'room') {}

  entry(): DirectoryEntry {
    const { members } = this;
    const room = {
      usedAt: this.usedAt,
      position: this.position,
      members: new Map(
        members.map((userId) => [{ identity: userId === undefined ? undefined : { userId } }, {}]),
      ),
      pullTo: (to: RoomPosition) => {
        this.pulled.push(to);
        return this.pull();
      },
    };
    const presence = {
      mark: 0,
      users: this.users,
      agrees: (here: number) => here === this.users,
      repair: async () => {
        this.repairs++;
        await Promise.resolve();
        this.here = this.users;
      },
    };
    return {
      kind: this.kind,
      room: this.isOpen ? room : undefined,
      presence,
      unsettledChecks: 0,
    } as unknown as DirectoryEntry;
  }
}

/** A position check over these rooms, on a clock that the test sets; it ends with the test. */
export async function setUp(
  rooms: Record<number, Room>,
  { others = [] as string[], users = [] as number[] } = {},
) {
  const registry = new MemoryRegistry({ leaseTtlMs: 3_600_000 });
  const redis = new EventEmitter();
  const surveyed: (readonly number[])[] = [];
  const asked: unknown[] = [];
  const done: string[] = [];
  const ofUsers = new Map<number, string[]>();
  let answer: () => Promise<unknown> = () => Promise.resolve({ seq: 9, epoch: 'e2' });
  let hold: Promise<void> | undefined;
  const check = new PositionCheck(
    stub<GatewayConfig>('GatewayConfig', { instanceId: 'gw-1', positionCheckMs: CHECK_MS }),
    stub<RoomDirectory>('RoomDirectory', {
      all: () => new Map(Object.entries(rooms).map(([roomId, room]) => [Number(roomId), room.entry()])),
      drop: (roomId) => void done.push(`drop ${roomId}`),
      forget: (roomId) => void done.push(`forget ${roomId}`),
      changed: (roomId) => void done.push(`changed ${roomId}`),
    }),
    stub<PresenceStore>('PresenceStore', {
      survey: async (roomIds, instanceId) => {
        expect(instanceId).toBe('gw-1');
        surveyed.push(roomIds);
        await hold;
        return roomIds.map((roomId) => {
          const { head: position, here, instances } = rooms[roomId]!;
          return { position, here, instances };
        });
      },
      dropInstance: async (roomId, instanceId) => {
        done.push(`drop ${instanceId} of ${roomId}`);
        return 1;
      },
      instancesOfUsers: async (userIds) => userIds.map((userId) => ofUsers.get(userId) ?? []),
      dropUserInstance: async (userId, instanceId) => void done.push(`drop ${instanceId} of user ${userId}`),
    }),
    stub<ConnectionIndex>('ConnectionIndex', {
      users: () => users,
      shareAll: async () => void done.push('share all'),
      shareUnsaid: async () => void done.push('share unsaid'),
    }),
    registry,
    stub<RpcClient>('RpcClient', {
      call: (({ pattern }: { pattern: string }, request: unknown, options: unknown) => {
        asked.push([pattern, request, options]);
        return answer();
      }) as never,
    }),
    stub<RedisConnections>('RedisConnections', { main: redis as never }),
  );
  for (const instanceId of ['gw-1', ...others]) await registry.register(gatewayInstance(instanceId));
  await check.onApplicationBootstrap();
  onTestFinished(async () => {
    vi.useRealTimers();
    await check.onApplicationShutdown();
  });
  /** One interval passes; what was done in it. */
  const interval = async () => {
    done.length = 0;
    await vi.advanceTimersByTimeAsync(CHECK_MS);
    return done.filter((what) => !what.startsWith('share') && what !== 'drop 7');
  };
  return {
    check,
    registry,
    redis,
    surveyed,
    asked,
    done,
    ofUsers,
    interval,
    answerWith: (next: typeof answer) => void (answer = next),
    hold: (until: Promise<void> | undefined) => void (hold = until),
  };
}
