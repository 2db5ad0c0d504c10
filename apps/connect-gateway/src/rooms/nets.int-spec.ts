import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FakeConnection } from '../testing/fake-connection.js';
import { Backend, CHECK_MS, gatewayOn, ROOM } from '../testing/live-gateway.fixture.js';
import { numbers } from '../testing/local-room.fixture.js';

afterAll(async () => (await sharedRedis()).stop());
const startBackend = async () => Backend.start((await sharedRedis()).url, uniquePrefix());

// Only the intervals of the checks: Redis is real, and takes what time it takes.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

const shows = (members: readonly FakeConnection[], seen: readonly (number | string)[]) =>
  eventually(() => {
    for (const member of members) expect(member.seen).toEqual(seen);
  });

/** A gateway whose position check runs when an interval is let pass, and not before. */
async function checked() {
  const backend = await startBackend();
  const gateway = gatewayOn(backend);
  const looked = vi.spyOn(gateway.rooms, 'drop');
  // A connection that comes up later is a reason to check, too.
  await gateway.connections.reached();
  await gateway.check();
  const interval = async () => {
    looked.mockClear();
    vi.advanceTimersByTime(CHECK_MS);
    // It is the last thing that a check does with a room.
    await eventually(() => expect(looked).toHaveBeenCalled());
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { backend, gateway, interval };
}

describe('the position check, with no dispatch at all,', () => {
  it('shows every message within two intervals', async () => {
    const { backend, gateway, interval } = await checked();
    const members = [await gateway.join(), await gateway.join()];
    await backend.append(3);
    await interval();
    await backend.append(2);
    await interval();
    await shows(members, numbers(1, 5));
    await backend.append(1);
    await interval();
    await interval();
    await shows(members, numbers(1, 6));
  });

  it('leaves what is younger than one interval to the dispatch', async () => {
    const { backend, gateway, interval } = await checked();
    const range = vi.spyOn(gateway.store, 'range');
    const member = await gateway.join();
    await backend.append(3);
    await interval();
    expect([member.seen, range.mock.calls]).toEqual([[], []]);
  });

  it('shows a conversation that is open here', async () => {
    const { backend, gateway, interval } = await checked();
    const talk = 1_001;
    await backend.begin(talk, 0);
    const member = await gateway.join(talk, 'direct');
    await gateway.join();
    await backend.append(3, { roomId: talk, recipients: [1, 2] });
    await interval();
    await interval();
    await shows([member], [1, 2, 3]);
  });

  it('shows what it has missed at once after a reconnect', async () => {
    const { backend, gateway } = await checked();
    const members = [await gateway.join(), await gateway.join()];
    await backend.append(4);
    await gateway.cut();
    await shows(members, numbers(1, 4));
  });

  it('says again after a reconnect who is here', async () => {
    const { backend, gateway } = await checked();
    const member = await gateway.join();
    gateway.index.add(member);
    await gateway.index.authenticate(member, member.identity!, 't');
    const { presence } = gatewayOn(backend, 'gw-2');
    await presence.dropInstance(ROOM, 'gw-1');
    await presence.dropUserInstance(1, 'gw-1');
    await gateway.cut();
    await eventually(async () => {
      expect(await presence.instancesOfUsers([1])).toEqual([['gw-1']]);
      expect(await presence.list(ROOM, 10)).toMatchObject({ count: 1, members: [{ userId: 1 }] });
    });
  });

  it('moves on to a foreign epoch at the next interval, and shows what comes in it', async () => {
    const { backend, gateway, interval } = await checked();
    const member = await gateway.join();
    await backend.append(2);
    await interval();
    await interval();
    expect(await backend.endEpoch(100)).toEqual({ seq: 100, epoch: 'e2' });
    await backend.append(1);
    await interval();
    await shows([member], [1, 2, 'resync 3-101 epoch']);
    expect(member.frames[2]?.epoch).toBe('e2');
    await backend.append(2);
    await interval();
    await interval();
    await shows([member], [1, 2, 'resync 3-101 epoch', 102, 103]);
  });

  it('asks for a head that Redis has lost, and shows what comes after', async () => {
    const { backend, gateway, interval } = await checked();
    const member = await gateway.join();
    await backend.loseHead();
    await interval();
    expect(backend.asked).toEqual([{ pattern: 'logic.admit', request: { userId: 1, roomId: ROOM } }]);
    await interval();
    await shows([member], ['resync 1-1000 epoch']);
    await backend.append(1);
    await interval();
    await interval();
    await shows([member], ['resync 1-1000 epoch', 1_001]);
    expect(backend.asked).toHaveLength(1);
  });

  it('has the epoch end of which Redis has less than was delivered', async () => {
    const { backend, gateway, interval } = await checked();
    const member = await gateway.join();
    await backend.append(5);
    await interval();
    await interval();
    await backend.connections.main.hset(backend.keys.roomHead(ROOM), 'seq', 2);
    await interval();
    expect(backend.asked).toEqual([
      { pattern: 'logic.restorePosition', request: { roomId: ROOM, seen: { seq: 5, epoch: 'e1' } } },
    ]);
    await shows([member], [...numbers(1, 5), 'resync 6-2000 epoch']);
  });

  it('leaves a gap that the log has no more to the client', async () => {
    const { backend, gateway, interval } = await checked();
    const member = await gateway.join();
    await backend.append(5);
    await backend.connections.main.del(backend.keys.roomLog(ROOM));
    await interval();
    await interval();
    await shows([member], ['resync 1-5 gap']);
  });
});

describe('deliveries, with the position check never run,', () => {
  async function delivered() {
    const backend = await startBackend();
    const gateway = gatewayOn(backend);
    const { delivery } = gateway;
    const fences: [number, number][] = [[backend.keys.shardOf(ROOM), 1]];
    const deliver = async (seqs: readonly number[]) => {
      const all = await backend.dispatched();
      const entries = seqs.map((seq) => all.find((entry) => entry.seq === seq)!);
      return delivery.deliver({ fences, entries, upTo: [], partial: true });
    };
    const deliverUpTo = (to: { seq: number; epoch: string }) =>
      delivery.deliver({ fences, entries: [], upTo: [{ roomId: ROOM, ...to }], partial: true });
    return { backend, gateway, deliver, deliverUpTo };
  }

  it('show every message once and in order, however they come', async () => {
    const { backend, gateway, deliver } = await delivered();
    const members = [await gateway.join(), await gateway.join()];
    await backend.append(8);
    await deliver([1, 2]);
    await deliver([2, 1, 4]);
    await deliver([3, 4]);
    await Promise.all([deliver([8]), deliver([5, 6])]);
    await shows(members, numbers(1, 8));
  });

  it('show what is named by its position alone', async () => {
    const { backend, gateway, deliverUpTo } = await delivered();
    const member = await gateway.join();
    const position = await backend.append(150);
    expect(await deliverUpTo(position)).toMatchObject({ failed: [] });
    await shows([member], numbers(1, 150));
  });

  it('show it when asked again, after a log that could not be read', async () => {
    const { backend, gateway, deliver } = await delivered();
    const member = await gateway.join();
    await backend.append(4);
    await deliver([1]);
    vi.spyOn(gateway.store, 'range').mockRejectedValueOnce(new Error('away'));
    expect(await deliver([4])).toMatchObject({ failed: [ROOM] });
    expect(member.seen).toEqual([1]);
    expect(await deliver([4])).toMatchObject({ failed: [] });
    await shows([member], numbers(1, 4));
  });

  it('go on behind the position that a joiner was given', async () => {
    const { backend, gateway, deliver } = await delivered();
    await backend.append(3);
    const [fresh, resuming] = [
      await gateway.join(),
      await gateway.join(ROOM, 'room', { lastSeq: 1, epoch: 'e1' }),
    ];
    await backend.append(1);
    await deliver([2, 3, 4]);
    await shows([fresh], [4]);
    await shows([resuming], [2, 3, 4]);
  });

  it('tell of a foreign epoch, and replay nothing of it that was not delivered', async () => {
    const { backend, gateway, deliver, deliverUpTo } = await delivered();
    const [member, resuming] = [await gateway.join(), await gateway.join()];
    await backend.append(2);
    await deliver([1, 2]);
    resuming.bufferedBytes = 10_000;
    await backend.endEpoch(100);
    const position = await backend.append(3);
    await deliver([103]);
    resuming.drain();
    await deliverUpTo(position);
    await shows([member, resuming], [1, 2, 'resync 3-102 epoch', 103]);
    // Stragglers of the one before are shown to nobody.
    await deliver([1, 2]);
    expect(member.seen).toHaveLength(4);
  });

  it('of a stale owner of the shard are shown to nobody', async () => {
    const { backend, gateway, deliver } = await delivered();
    const member = await gateway.join();
    await backend.append(2);
    const shard = backend.keys.shardOf(ROOM);
    await gateway.delivery.deliver({ fences: [[shard, 2]], entries: [], upTo: [] });
    expect(await deliver([1, 2])).toMatchObject({ staleShards: [shard], seenFences: [[shard, 2]] });
    expect(member.seen).toEqual([]);
  });
});

describe('what a sender here was told was accepted, alone,', () => {
  it('is shown to everybody here, with all before it', async () => {
    const backend = await startBackend();
    const gateway = gatewayOn(backend);
    const members = [await gateway.join(), await gateway.join()];
    await backend.append(2);
    gateway.rooms.get(ROOM)?.expect(await backend.append(1));
    await shows(members, [1, 2, 3]);
  });
});
