import type { DirectoryEvent } from '@parley/contracts';
import type { EventBus } from '@parley/redis';
import type { Instance } from '@parley/registry';
import { describe, expect, it, vi } from 'vitest';
import { stub } from '../testing/stub.js';
import { DirectoryFeed, MAX_TOLD_BYTES } from './directory-feed.service.js';
import type { NamedRoom } from './names.repository.js';

/** A feed that is one of the instances given. Room n is called `room n`; the conversation is 9. */
async function setUp({ ready = ['me'] }: { ready?: string[] } = {}) {
  const told: DirectoryEvent[] = [];
  const listeners = new Map<string, (event: object) => void>();
  const resubscribe: (() => unknown)[] = [];
  const known = new Map<number, NamedRoom>();
  for (let roomId = 1; roomId <= 1_000; roomId++)
    known.set(roomId, { roomId, name: `room ${roomId}`, kind: roomId === 9 ? 'direct' : 'room' });
  const online = new Map<number, number>();
  const names = vi.fn(async (ids: readonly number[]) => ids.flatMap((id) => known.get(id) ?? []));
  let version = 0;
  const instances = { ready };
  const publish = vi.fn(async (_kind: string, event: unknown) => void told.push(event as DirectoryEvent));
  const feed = new DirectoryFeed(
    'me',
    { list: () => instances.ready.map((instanceId) => ({ instanceId, state: 'ready' }) as Instance) },
    stub<EventBus>('EventBus', {
      publish,
      subscribe: async (kind, _schema, onEvent, onSubscribed = () => undefined) => {
        listeners.set(kind, onEvent as (event: object) => void);
        resubscribe.push(onSubscribed);
        await onSubscribed();
      },
    }),
    { roomsById: names },
    { counts: async (ids) => ids.map((id) => online.get(id) ?? 0) },
    { nextVersion: async () => ++version },
  );
  await feed.onModuleInit();
  const presence = (roomId: number, fields = {}) => listeners.get('presence')?.({ roomId, ...fields });
  const changed = (roomId: number, fields = {}) => listeners.get('room')?.({ roomId, ...fields });
  const lost = async () => {
    for (const again of resubscribe) await again();
  };
  return { feed, told, presence, changed, online, known, names, publish, instances, lost };
}
const room = (roomId: number, online: number) => ({ roomId, name: `room ${roomId}`, kind: 'room', online });

describe('DirectoryFeed', () => {
  it('tells of a room that was made, and then how it fills, once for all who changed it meanwhile', async () => {
    const { feed, told, changed, presence, online } = await setUp();
    changed(5, { created: true });
    await feed.tell();
    for (let i = 0; i < 100; i++) presence(5);
    online.set(5, 100);
    await feed.tell();
    await feed.tell();
    expect(told).toEqual([
      { op: 32, version: 1, rooms: [{ ...room(5, 0), created: true }], removed: [] },
      { op: 32, version: 2, rooms: [room(5, 100)], removed: [] },
    ]);
  });

  it('tells nothing when a room is again what it was, nor when somebody only asks', async () => {
    const { feed, told, presence, online } = await setUp();
    online.set(5, 1);
    presence(5);
    await feed.tell();
    presence(5);
    presence(6, { force: 'count' });
    await feed.tell();
    expect(told).toHaveLength(1);
  });

  it('tells of another name, and of a room that is gone', async () => {
    const { feed, told, presence, changed, known } = await setUp();
    presence(5);
    presence(6);
    await feed.tell();
    known.set(5, { roomId: 5, name: 'Renamed', kind: 'room' });
    known.delete(6);
    changed(5);
    changed(6);
    await feed.tell();
    expect(told[1]).toMatchObject({ rooms: [{ roomId: 5, name: 'Renamed' }], removed: [6] });
  });

  it('never tells of conversations', async () => {
    const { feed, told, presence, changed } = await setUp();
    presence(9);
    changed(9, { created: true });
    await feed.tell();
    expect(told).toEqual([]);
  });

  it('asks SQL for a name once', async () => {
    const { feed, names, presence, online } = await setUp();
    for (let i = 1; i <= 3; i++) {
      online.set(5, i);
      presence(5);
      await feed.tell();
    }
    expect(names.mock.calls.filter(([ids]) => ids.length > 0)).toEqual([[[5]]]);
  });

  it('tells a few bytes a second however many rooms change, and each of them in its turn', async () => {
    const { feed, told, presence, online } = await setUp();
    for (let roomId = 10; roomId < 310; roomId++) {
      online.set(roomId, 1);
      presence(roomId);
    }
    const seen = new Set<number>();
    while (seen.size < 300) {
      // The first one changes all the time, and is not told of before the others for it.
      presence(10);
      online.set(10, (online.get(10) ?? 0) + 1);
      await feed.tell();
      const last = told.at(-1) as DirectoryEvent;
      expect(JSON.stringify(last).length).toBeLessThan(MAX_TOLD_BYTES + 600);
      for (const { roomId } of last.rooms) seen.add(roomId);
      expect(told.length).toBeLessThan(30);
    }
    expect(told.map(({ version }) => version)).toEqual(told.map((_, i) => i + 1));
  });

  it('leaves it to one instance, and knows what that may not have told when it is gone', async () => {
    const { feed, told, presence, instances } = await setUp({ ready: ['other'] });
    presence(5);
    await feed.tell();
    expect(told).toEqual([]);
    instances.ready = ['me'];
    await feed.tell();
    expect(told).toMatchObject([{ rooms: [{ roomId: 5 }] }]);
  });

  it('makes a gap in the versions when it may have missed something, so that the list is read again', async () => {
    const { feed, told, presence, lost } = await setUp();
    presence(5);
    await feed.tell();
    await lost();
    await feed.tell();
    expect(told.map(({ version }) => version)).toEqual([1, 3]);
  });

  it('makes the same gap instead of remembering without end', async () => {
    const { feed, told, presence } = await setUp();
    for (let roomId = 1; roomId <= 20_001; roomId++) presence(roomId);
    await feed.tell();
    expect(told[0]?.version).toBe(2);
  });

  it('tells later what could not be told', async () => {
    const { feed, told, presence, publish } = await setUp();
    publish.mockRejectedValueOnce(new Error('Redis is away'));
    presence(5);
    await feed.tell();
    expect(told).toEqual([]);
    await feed.tell();
    expect(told).toMatchObject([{ rooms: [{ roomId: 5 }] }]);
  });
});
