import type { PresenceShare, PresenceStore, RoomPosition } from '@parley/redis';
import type { Connection } from '../connections/connection.js';
import type { ConnectionIndex } from '../connections/connection-index.js';
import type { GatewayConfig } from '../gateway-config.js';
import type { GatewayMetrics } from '../gateway-metrics.js';
import { vi } from 'vitest';
import type { Admissions } from '../rooms/admissions.js';
import { RoomDirectory } from '../rooms/room-directory.js';
import { FakeRoomLog } from './fake-room-log.js';
import { stub } from './stub.js';

/** What the rooms of a gateway ask of Redis, in memory. */
export class FakeRedis {
  readonly log = new FakeRoomLog(7);
  /** Users that are listed for this gateway, by room. */
  readonly listed = new Map<number, Set<number>>();
  readonly shares: PresenceShare[] = [];
  /** Told to who joins; undefined when the room has no head. */
  position: RoomPosition | undefined = { seq: 10, epoch: 'e1' };
  /** Told to who asks for it. */
  head: RoomPosition | undefined = { seq: 20, epoch: 'e1' };
  /** What is asked fails. */
  isAway = false;
  /** What is said is heard, but the answer does not arrive. */
  isMute = false;
  /** Awaited before anything is answered. */
  gate: Promise<void> | undefined;
  whenHeadIsRead: () => void = () => undefined;

  constructor() {
    this.log.store.head = async () => {
      this.whenHeadIsRead();
      await this.gate;
      if (this.isAway) throw new Error('away');
      return this.head && { ...this.head, floor: 0 };
    };
  }

  /** Holds all answers until the returned function is called. */
  hold(): () => void {
    let open: () => void = () => undefined;
    this.gate = new Promise((resolve) => (open = resolve));
    return () => {
      this.gate = undefined;
      open();
    };
  }

  users(roomId = 7): number[] {
    return [...(this.listed.get(roomId) ?? [])];
  }

  /** Told what `logic` is asked: in whose name which room is to have a head. */
  readonly ensureHead = vi.fn<Admissions['ensureHead']>(() => Promise.resolve());

  readonly share: PresenceStore['share'] = async (roomId, _instanceId, share) => {
    this.shares.push(share);
    if (this.isAway) throw new Error('away');
    const here = share.complete ? new Set<number>() : (this.listed.get(roomId) ?? new Set<number>());
    for (const { userId } of share.added) here.add(userId);
    for (const userId of share.removed) here.delete(userId);
    this.listed.set(roomId, here);
    const { position } = this;
    await this.gate;
    if (this.isMute) throw new Error('no answer');
    return { members: here.size, here: here.size, position };
  };
}

/** The rooms of a gateway over a Redis in memory. `connections` are those of every recipient of a direct message. */
export function setUpRooms(connections: Connection[] = []) {
  const redis = new FakeRedis();
  const counted: number[] = [];
  const changed: number[] = [];
  const rooms = new RoomDirectory(
    stub<GatewayConfig>('GatewayConfig', { instanceId: 'gw-1', maxOutboundBytes: 1_000 }),
    redis.log.store,
    stub<PresenceStore>('PresenceStore', { share: redis.share }),
    stub<ConnectionIndex>('ConnectionIndex', { ofUser: () => new Set(connections) }),
    stub<GatewayMetrics>('GatewayMetrics', {
      delivered: (messages, members) => void counted.push(messages * members),
      resynced: () => undefined,
      fellBehind: () => undefined,
      watchRooms: () => undefined,
    }),
    { ensureHead: redis.ensureHead },
  );
  rooms.onMembersChanged((roomId) => changed.push(roomId));
  return { rooms, redis, counted, changed };
}
