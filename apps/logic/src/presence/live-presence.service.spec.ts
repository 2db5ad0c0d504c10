import type { EventBus, PresenceStore } from '@parley/redis';
import type { Registry } from '@parley/registry';
import { describe, expect, it, vi } from 'vitest';
import { stub } from '../testing/stub.js';
import { LivePresenceService } from './live-presence.service.js';

/** Rooms, each with the gateways that hold members of it; `live` of those have a lease. All rooms are of shard 0. */
function setUp(rooms: Record<number, string[]>, live: string[]) {
  const shares = new Map(Object.entries(rooms).map(([roomId, ids]) => [Number(roomId), new Set(ids)]));
  const done: string[] = [];
  let underWay = 0;
  let mostUnderWay = 0;
  const presence = {
    instancesOfRooms: vi.fn<PresenceStore['instancesOfRooms']>(async (roomIds) =>
      roomIds.map((roomId) => [...(shares.get(roomId) ?? [])]),
    ),
    instancesOfUsers: vi.fn<PresenceStore['instancesOfUsers']>(),
    dropInstance: vi.fn<PresenceStore['dropInstance']>(async (roomId, instanceId) => {
      mostUnderWay = Math.max(mostUnderWay, ++underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      shares.get(roomId)?.delete(instanceId);
      done.push(`drop ${instanceId} from ${roomId}`);
      return 1;
    }),
    holders: vi.fn<PresenceStore['holders']>(async () =>
      [...new Set([...shares.values()].flatMap((ids) => [...ids]))].map((instanceId) => ({
        instanceId,
        shard: 0,
      })),
    ),
    roomsOn: vi.fn<PresenceStore['roomsOn']>(async (_, instanceId, limit) =>
      [...shares].flatMap(([roomId, ids]) => (ids.has(instanceId) ? [roomId] : [])).slice(0, limit),
    ),
  };
  const asked: string[] = [];
  const service = new LivePresenceService(
    stub<PresenceStore>('PresenceStore', presence),
    stub<Registry>('Registry', {
      list: (name) => {
        asked.push(name);
        return live.map((instanceId) => ({ instanceId })) as unknown as ReturnType<Registry['list']>;
      },
      refresh: async () => [],
    }),
    stub<EventBus>('EventBus', {
      publish: async (kind, event) => void done.push(`${kind} ${JSON.stringify(event)}`),
    }),
  );
  return { service, presence, done, asked, shares, mostUnderWay: () => mostUnderWay };
}

describe('LivePresenceService.connected', () => {
  it('names those whose gateway lives, whatever was left by others', async () => {
    const { service, presence } = setUp({}, ['gw-1', 'gw-2']);
    presence.instancesOfUsers.mockResolvedValue([['dead', 'gw-2'], ['dead'], []]);
    expect(await service.connected([3, 4, 5])).toEqual([3]);
  });
});

describe('LivePresenceService.clean', () => {
  it('drops what dead gateways left in these rooms, then tells who is still there, once a room', async () => {
    const { service, done, asked } = setUp({ 7: ['gw-1', 'dead', 'gone'], 8: ['dead'], 9: ['gw-1'] }, [
      'gw-1',
    ]);
    await service.clean([7, 9]);
    expect(done).toEqual(['drop dead from 7', 'drop gone from 7', 'presence {"roomId":7}']);
    expect(new Set(asked)).toEqual(new Set(['connect-gateway']));
  });

  it('says nothing when nobody is dead', async () => {
    const { service, done } = setUp({ 7: ['gw-1'] }, ['gw-1']);
    await service.clean([7, 8]);
    expect(done).toEqual([]);
  });
});

describe('LivePresenceService.sweep', () => {
  it('drops dead gateways from all rooms, and tells each room; leaves the living', async () => {
    const { service, done, shares } = setUp({ 7: ['gw-1', 'dead'], 8: ['dead'], 9: ['gw-1'] }, ['gw-1']);
    await service.sweep();
    expect(done.toSorted()).toEqual([
      'drop dead from 7',
      'drop dead from 8',
      'presence {"roomId":7}',
      'presence {"roomId":8}',
    ]);
    expect([...shares.values()].map((ids) => [...ids])).toEqual([['gw-1'], [], ['gw-1']]);
  });

  it('runs once for all who ask at once, and again for whoever asks later, also after a failure', async () => {
    const { service, presence } = setUp({}, []);
    presence.holders.mockRejectedValueOnce(new Error('away'));
    const both = await Promise.allSettled([service.sweep(), service.sweep()]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(presence.holders).toHaveBeenCalledTimes(1);
    await service.sweep();
    expect(presence.holders).toHaveBeenCalledTimes(2);
  });

  it('drops a thousand shares and no more, a hundred at a time; the next sweep drops the rest', async () => {
    const rooms = Object.fromEntries(Array.from({ length: 1_010 }, (_, i) => [i + 1, ['dead']]));
    const { service, presence, mostUnderWay } = setUp(rooms, []);
    await service.sweep();
    expect(presence.dropInstance).toHaveBeenCalledTimes(1_000);
    expect(presence.roomsOn.mock.calls[0]).toEqual([0, 'dead', 100]);
    expect(mostUnderWay()).toBe(100);
    await service.sweep();
    expect(presence.dropInstance).toHaveBeenCalledTimes(1_010);
  });

  it('counts the thousand over all gateways', async () => {
    const rooms = Object.fromEntries(
      Array.from({ length: 1_200 }, (_, i) => [i + 1, [i < 950 ? 'dead' : 'gone']]),
    );
    const { service, presence } = setUp(rooms, []);
    await service.sweep();
    expect(presence.dropInstance).toHaveBeenCalledTimes(1_000);
    expect(presence.roomsOn.mock.calls.at(-1)).toEqual([0, 'gone', 50]);
  });
});
