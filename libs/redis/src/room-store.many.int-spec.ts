import { freePort, sharedRedis, startRedis, startTcpProxy, uniquePrefix } from '@parley/testing';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { RoomStore } from './room-store.js';
import { connect, proveAll, send, siblingOf, testKeys, testLimits } from './store.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

const START = { epoch: 'e', floor: 0, ceiling: 1_000, archived: 0 };
/** Of different shards. */
const rooms = [1, 2, 3] as const;

async function store(url?: string) {
  const connections = connect(url ?? (await sharedRedis()).url);
  const keys = testKeys(uniquePrefix('many'));
  await proveAll(connections, keys);
  const made = new RoomStore(connections.main, keys, testLimits);
  for (const id of rooms) await made.restoreHead(id, START);
  return { store: made, main: connections.main, keys };
}

const unique = (() => {
  let made = 0;
  return () => `m${++made}`;
})();
const to = (roomId: number) => send(unique(), { roomId });
const seqOf = (outcome: unknown) => (outcome as { seq?: number }).seq;

describe('many sends at a time', () => {
  it('are accepted in their order, each in its room, and answered one by one', async () => {
    const { store: made } = await store();
    const sends = Array.from({ length: 100 }, (_, i) => to(rooms[i % 3] ?? 1));
    const told: number[] = [];
    made.onAppended((roomId) => told.push(roomId));
    const outcomes = await made.acceptAll(sends);
    expect(outcomes.map(seqOf)).toEqual(sends.map((_, i) => Math.floor(i / 3) + 1));
    expect(told).toEqual(sends.map(({ roomId }) => roomId));
    const kept = await made.range(2, 1, undefined, 100);
    expect(kept.map(({ body }) => body)).toEqual(
      sends.filter(({ roomId }) => roomId === 2).map(({ body }) => body),
    );
  });

  it('are each what they would be alone: new, said before, or refused', async () => {
    const { store: made, main, keys } = await store();
    await main.hset(keys.roomFacts(2), 'mode', 'closed');
    const first = to(1);
    const outcomes = await made.acceptAll([first, first, to(2), to(4_711), to(3), { ...first, text: 'x' }]);
    expect(outcomes).toMatchObject([
      { kind: 'ok', seq: 1, epoch: 'e', seqsLeft: 999 },
      { kind: 'duplicate', seq: 1, sameText: true },
      { kind: 'refused', code: 'ROOM_CLOSED' },
      { kind: 'no-head' },
      { kind: 'ok', seq: 1 },
      { kind: 'duplicate', seq: 1, sameText: false },
    ]);
  });

  it('do not fail with one of them', async () => {
    const { store: made, main, keys } = await store();
    const broken = siblingOf(1, keys);
    await main.set(keys.roomHead(broken), 'not a hash');
    const outcomes = await made.acceptAll([to(1), to(broken), to(2)]);
    expect(outcomes.map(seqOf)).toEqual([1, undefined, 1]);
    expect(outcomes[1]).toMatchObject({ message: expect.stringContaining('WRONGTYPE') as string });
  });

  it('are nothing when there are none', async () => {
    const { store: made } = await store();
    expect(await made.acceptAll([])).toEqual([]);
  });

  // A server that has not heard of its successor yet knows what was sent, and would answer a repetition by itself.
  it.each(['one that is new', 'one that was sent before'])(
    'are put to the successor of a server that has become a replica, all of them, when the first is %s',
    async (first) => {
      const primary = await startRedis();
      const replica = await startRedis({ replicaOfPort: primary.port });
      const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: primary.port } });
      const direct = new Redis(primary.url);
      onTestFinished(async () => {
        direct.disconnect();
        await proxy.close();
        await Promise.all([primary.stop(), replica.stop()]);
      });
      await replica.synced();
      const { store: made } = await store(`redis://127.0.0.1:${proxy.port}`);
      await replica.promote();
      const before = to(1);
      expect(await made.acceptAll([before, to(2)])).toMatchObject([{ kind: 'ok' }, { kind: 'ok' }]);
      await direct.replicaof('127.0.0.1', String(await freePort()));
      proxy.retarget({ host: '127.0.0.1', port: replica.port });
      const sends = first === 'one that is new' ? [to(3), before] : [before, to(3)];
      expect(await made.acceptAll(sends)).toEqual([{ kind: 'unproven' }, { kind: 'unproven' }]);
    },
  );
});
