import type { DispatchEntry } from '@parley/contracts';
import type { RedisKeys } from '@parley/redis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RoomDirectory } from '../rooms/room-directory.js';
import { entry } from '../testing/fake-room-log.js';
import { stub } from '../testing/stub.js';
import { DeliveryRpcController } from './delivery.rpc-controller.js';

function setUp() {
  const delivered: [number, readonly DispatchEntry[]][] = [];
  const pulled: unknown[][] = [];
  const failing = new Set<number>();
  const takes = { ms: 0 };
  const controller = new DeliveryRpcController(
    stub<RoomDirectory>('RoomDirectory', {
      deliver: (roomId, entries) => {
        delivered.push([roomId, entries]);
        if (failing.has(roomId)) return Promise.reject(new Error('log cannot be read'));
        return takes.ms === 0 ? Promise.resolve() : new Promise((taken) => setTimeout(taken, takes.ms));
      },
      pullTo: (...args) => {
        pulled.push(args);
        return Promise.resolve();
      },
    }),
    stub<RedisKeys>('RedisKeys', { shardOf: (roomId) => roomId % 10 }),
  );
  return { controller, delivered, pulled, failing, takes };
}

describe('DeliveryRpcController', () => {
  it('hands each room its entries in their order', async () => {
    const { controller, delivered } = setUp();
    const [a1, b1, a2] = [entry(1, 1), entry(2, 1), entry(1, 2)];
    const reply = await controller.deliver({ fences: [[1, 5]], entries: [a1, b1, a2], upTo: [] });
    expect(reply).toEqual({ staleShards: [], seenFences: [], failed: [] });
    expect(delivered).toEqual([
      [1, [a1, a2]],
      [2, [b1]],
    ]);
  });

  it('ignores and reports a shard whose fence is lower than one seen', async () => {
    const { controller, delivered, pulled } = setUp();
    await controller.deliver({
      fences: [
        [1, 5],
        [2, 5],
      ],
      entries: [],
      upTo: [],
    });
    const reply = await controller.deliver({
      fences: [
        [1, 4],
        [2, 5],
      ],
      entries: [entry(1, 1), entry(11, 1), entry(2, 1)],
      upTo: [
        { roomId: 21, seq: 3, epoch: 'e1' },
        { roomId: 12, seq: 3, epoch: 'e1' },
      ],
    });
    expect(reply).toEqual({ staleShards: [1], seenFences: [[1, 5]], failed: [] });
    expect(delivered.map(([roomId]) => roomId)).toEqual([2]);
    expect(pulled.map(([roomId]) => roomId)).toEqual([12]);
  });

  it('takes a higher fence, and refuses the one before from then on', async () => {
    const { controller } = setUp();
    const deliver = (fence: number) => controller.deliver({ fences: [[1, fence]], entries: [], upTo: [] });
    expect((await deliver(5)).staleShards).toEqual([]);
    expect((await deliver(6)).staleShards).toEqual([]);
    expect((await deliver(5)).staleShards).toEqual([1]);
    expect((await deliver(6)).staleShards).toEqual([]);
  });

  it('passes the recipients of a conversation on', async () => {
    const { controller, pulled } = setUp();
    const to = { roomId: 3, seq: 9, epoch: 'e1', recipients: [1, 2] };
    await controller.deliver({ fences: [[3, 1]], entries: [], upTo: [to] });
    expect(pulled).toEqual([[3, to, [1, 2]]]);
  });

  // One room that could not be given its messages failed the call for all rooms, which then were given theirs again.
  it('names the rooms that could not take their messages', async () => {
    const { controller, failing, delivered } = setUp();
    failing.add(1);
    const entries = [entry(1, 1), entry(2, 1)];
    const request = { fences: [[1, 1]] as [number, number][], entries, upTo: [], partial: true };
    expect((await controller.deliver(request)).failed).toEqual([1]);
    expect(delivered.map(([roomId]) => roomId)).toEqual([1, 2]);
  });

  it('fails as a whole for a caller of 0.1, which would not know of the room', async () => {
    const { controller, failing } = setUp();
    failing.add(1);
    const request = { fences: [[1, 1]] as [number, number][], entries: [entry(1, 1), entry(2, 1)], upTo: [] };
    await expect(controller.deliver(request)).rejects.toThrow('log cannot be read');
  });

  it('waits for a slow room nearly as long as a caller of 0.1, and not for one that asks again', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { controller, takes } = setUp();
    takes.ms = 1_500;
    const request = { fences: [[1, 1]] as [number, number][], entries: [entry(1, 1)], upTo: [] };
    const replies = Promise.all([
      controller.deliver(request),
      controller.deliver({ ...request, partial: true }),
    ]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await replies).map(({ failed }) => failed)).toEqual([[], [1]]);
  });
});
