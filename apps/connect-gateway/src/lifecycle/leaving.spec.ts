import { CloseCode, Op } from '@parley/protocol';
import type { PresenceStore } from '@parley/redis';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConnectionIndex } from '../connections/connection-index.js';
import type { GatewayConfig } from '../gateway-config.js';
import type { RoomDirectory } from '../rooms/room-directory.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { stub } from '../testing/stub.js';
import { ConnectionLifecycle } from './connection-lifecycle.service.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const config = stub<GatewayConfig>('GatewayConfig', {
    instanceId: 'gw-1',
    maxConnections: 10,
    connectionsPerAddress: 10,
    unauthenticatedIdleMs: 10_000,
    heartbeatIntervalMs: 25_000,
    heartbeatTimeoutMs: 60_000,
    positionCheckMs: 3_000,
  });
  const index = new ConnectionIndex(
    config,
    stub<PresenceStore>('PresenceStore', { shareUsers: () => Promise.resolve() }),
  );
  const left: string[] = [];
  const lifecycle = new ConnectionLifecycle(
    config,
    index,
    stub<RoomDirectory>('RoomDirectory', {
      leave: ({ identity }, roomId) => {
        left.push(`${identity?.userId} ${roomId} of ${index.ofUser(identity?.userId ?? 0).size}`);
      },
    }),
  );
  lifecycle.onApplicationBootstrap();
  onTestFinished(() => lifecycle.onApplicationShutdown());
  /** A connection of a user, whose token ends so long from now. */
  const open = async (userId: number, expiresInMs = Infinity) => {
    const connection = new FakeConnection(userId);
    const pings = vi.spyOn(connection, 'ping').mockImplementation(() => undefined);
    const identity = { ...connection.identity!, expiresAt: Date.now() + expiresInMs };
    connection.identity = undefined;
    lifecycle.opened(connection);
    await index.authenticate(connection, identity, 't');
    return { connection, pings, identity };
  };
  return { lifecycle, index, left, open };
}

describe('a connection', () => {
  it('ends when its token does', async () => {
    const { open } = setUp();
    const { connection } = await open(1, 20_000);
    vi.advanceTimersByTime(19_999);
    expect(connection.closes).toEqual([]);
    vi.advanceTimersByTime(2_501);
    expect(connection.closes).toEqual([{ code: CloseCode.unauthenticated, reason: 'UNAUTHENTICATED' }]);
  });

  it('lives as long as the newer token that has extended it', async () => {
    const { open, index } = setUp();
    const { connection, identity } = await open(1, 20_000);
    index.extend(connection, { ...identity, expiresAt: Date.now() + 40_000 }, 'newer');
    vi.advanceTimersByTime(39_999);
    expect(connection.closes).toEqual([]);
    vi.advanceTimersByTime(2_501);
    expect(connection.closes).toMatchObject([{ reason: 'UNAUTHENTICATED' }]);
  });

  it('is asked for a sign of life once in an interval of silence, and not while it talks', async () => {
    const { open } = setUp();
    const [silent, talking] = [await open(1), await open(2)];
    for (let ms = 0; ms < 55_000; ms += 2_500) {
      talking.connection.lastSeenAt = performance.now();
      vi.advanceTimersByTime(2_500);
    }
    expect([silent.pings.mock.calls.length, talking.pings.mock.calls.length]).toEqual([2, 0]);
  });

  it('that cannot answer is not closed for its silence', async () => {
    const { open } = setUp();
    const { connection, pings } = await open(1);
    connection.answersPings = false;
    vi.advanceTimersByTime(300_000);
    expect([connection.closes, pings.mock.calls.length]).toEqual([[], 12]);
  });

  it('that is over leaves all its rooms, as its user, and then the gateway', async () => {
    const { lifecycle, index, left, open } = setUp();
    const { connection } = await open(1);
    for (const roomId of [7, 8])
      connection.memberships.set(roomId, { room: { roomId, kind: 'room', drained: () => undefined } });
    lifecycle.closed(connection);
    lifecycle.closed(connection);
    expect(left).toEqual(['1 7 of 1', '1 8 of 1']);
    expect([index.size, index.ofUser(1).size, connection.isOpen]).toEqual([0, 0, false]);
  });
});

describe('a gateway that goes away', () => {
  it('tells each client when to come back, serves it until then, and is done when all are gone', async () => {
    const { lifecycle, open } = setUp();
    const clients = [await open(1), await open(2)];
    vi.spyOn(Math, 'random').mockReturnValueOnce(0.25).mockReturnValueOnce(0.999_99);
    onTestFinished(() => void vi.restoreAllMocks());
    let isDone = false;
    const draining = lifecycle.drain(8_000).then(() => (isDone = true));
    expect(clients.map(({ connection }) => connection.frames)).toEqual(
      [2_000, 7_999].map((reconnectAfterMs) => [{ op: Op.goaway, reconnectAfterMs, reason: 'shutdown' }]),
    );
    await vi.advanceTimersByTimeAsync(1_999);
    expect(clients[0]?.connection.closes).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(clients.map(({ connection }) => connection.closes)).toEqual([
      [{ code: CloseCode.goingAway, reason: 'GOING_AWAY' }],
      [],
    ]);
    lifecycle.closed(clients[0]!.connection);
    await vi.advanceTimersByTimeAsync(5_000);
    expect([isDone, clients[1]?.connection.closes]).toEqual([false, []]);
    // It comes back sooner than it was told to.
    lifecycle.closed(clients[1]!.connection);
    await vi.advanceTimersByTimeAsync(20);
    expect(isDone).toBe(true);
    await draining;
  });

  it('does not wait for who does not go', async () => {
    const { lifecycle, open } = setUp();
    await open(1);
    let isDone = false;
    void lifecycle.drain(1_000).then(() => (isDone = true));
    await vi.advanceTimersByTimeAsync(1_480);
    expect(isDone).toBe(false);
    await vi.advanceTimersByTimeAsync(40);
    expect(isDone).toBe(true);
  });

  it('is done at once when nobody is there', async () => {
    const { lifecycle } = setUp();
    await lifecycle.drain(8_000);
  });

  it('closes whoever is left when it stops, and looks after nobody any more', async () => {
    const { lifecycle, open } = setUp();
    const { connection, pings } = await open(1, 20_000);
    lifecycle.onApplicationShutdown();
    expect(connection.closes).toEqual([{ code: CloseCode.goingAway, reason: 'GOING_AWAY' }]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([connection.closes.length, pings.mock.calls.length, vi.getTimerCount()]).toEqual([1, 0, 0]);
  });
});
