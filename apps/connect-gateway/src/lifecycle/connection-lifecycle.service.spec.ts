import type { Identity } from '@parley/contracts';
import { CloseCode, Op } from '@parley/protocol';
import type { PresenceStore } from '@parley/redis';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { GatewayConfig } from '../gateway-config.js';
import type { RoomDirectory } from '../rooms/room-directory.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { stub } from '../testing/stub.js';
import { ConnectionIndex } from '../connections/connection-index.js';
import { ConnectionLifecycle } from './connection-lifecycle.service.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const identity: Identity = { userId: 1, userName: 'ada', sessionId: 's', expiresAt: Infinity, role: 'user' };

function setUp(maxConnections = 100, connectionsPerAddress = 100) {
  const config = stub<GatewayConfig>('GatewayConfig', {
    instanceId: 'gw-1',
    maxConnections,
    connectionsPerAddress,
    unauthenticatedIdleMs: 10_000,
    heartbeatIntervalMs: 25_000,
    heartbeatTimeoutMs: 60_000,
    positionCheckMs: 3_000,
  });
  const index = new ConnectionIndex(
    config,
    stub<PresenceStore>('PresenceStore', { shareUsers: () => Promise.resolve() }),
  );
  const lifecycle = new ConnectionLifecycle(config, index, stub<RoomDirectory>('RoomDirectory', {}));
  lifecycle.onApplicationBootstrap();
  onTestFinished(() => lifecycle.onApplicationShutdown());
  const open = (address?: string) => {
    const connection = new FakeConnection(0, 'ws', undefined, address);
    connection.identity = undefined;
    const pings = vi.spyOn(connection, 'ping').mockImplementation(() => undefined);
    return { connection, pings, taken: lifecycle.opened(connection) };
  };
  return { lifecycle, index, open };
}

describe('connections of one gateway', () => {
  it('are taken up to the bound; the next is closed with 4004, and one more taken when one has gone', () => {
    const { lifecycle, index, open } = setUp(3);
    const opened = [open(), open(), open()];
    expect(opened.map(({ taken }) => taken)).toEqual([true, true, true]);
    const late = open();
    expect(late.taken).toBe(false);
    expect(late.connection.closes).toEqual([{ code: 4004, reason: 'OVERLOADED' }]);
    expect(index.size).toBe(3);
    // The transport tells of its end too: it must not free a place that it never had.
    lifecycle.closed(late.connection);
    expect(open().taken).toBe(false);
    lifecycle.closed(opened[0]!.connection);
    expect(open().taken).toBe(true);
    for (const { connection } of opened) expect(connection.closes).toEqual([]);
  });

  it('without a log-in are taken up to the bound from one address, and as many from another', () => {
    const { lifecycle, open } = setUp(100, 2);
    const opened = [open('1.2.3.4'), open('1.2.3.4')];
    const late = open('1.2.3.4');
    expect([...opened, late].map(({ taken }) => taken)).toEqual([true, true, false]);
    expect(late.connection.closes).toEqual([{ code: 4005, reason: 'TOO_MANY_CONNECTIONS' }]);
    expect(open('5.6.7.8').taken).toBe(true);
    // What was refused has no place to give back.
    lifecycle.closed(late.connection);
    expect(open('1.2.3.4').taken).toBe(false);
    for (const { connection } of opened) lifecycle.closed(connection);
    // Said twice, by the transport and by a stop.
    for (const { connection } of opened) lifecycle.closed(connection);
    expect([open('1.2.3.4'), open('1.2.3.4'), open('1.2.3.4')].map(({ taken }) => taken)).toEqual([
      true,
      true,
      false,
    ]);
  });

  // Two thousand people of one school were all that a gateway took, whoever they were.
  it('do not count for their address once somebody has logged in on them', async () => {
    const { lifecycle, index, open } = setUp(100, 2);
    const known = Array.from({ length: 10 }, async (_, i) => {
      const { connection, taken } = open('1.2.3.4');
      await index.authenticate(connection, { ...identity, userId: i + 1 }, `t${i}`);
      return taken && connection;
    });
    const connections = (await Promise.all(known)).map((connection) => connection || undefined);
    expect(connections).not.toContain(undefined);
    // And give nothing back when they end.
    for (const connection of connections) lifecycle.closed(connection!);
    expect(index.strangersFrom('1.2.3.4')).toBe(0);
    expect([open('1.2.3.4'), open('1.2.3.4'), open('1.2.3.4')].map(({ taken }) => taken)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('are told why they are refused, up to a thousand at a time; more are cut off', () => {
    const { lifecycle, open } = setUp(1);
    open();
    const told = Array.from({ length: 1_000 }, () => open().connection);
    expect(told.every(({ closes }) => closes.length === 1)).toBe(true);
    const more = open().connection;
    expect([more.closes, more.isDestroyed]).toEqual([[], true]);
    lifecycle.closed(told[0]!);
    expect(open().connection.closes).toHaveLength(1);
  });

  it('are not taken while it is draining', () => {
    const { lifecycle, open } = setUp();
    void lifecycle.drain(0);
    expect(open().connection.closes).toEqual([{ code: CloseCode.overloaded, reason: 'GOING_AWAY' }]);
  });
});

describe('a connection without a token', () => {
  it('is open for ten seconds, then closed with 4003', () => {
    const { open } = setUp();
    const { connection } = open();
    vi.advanceTimersByTime(10_000);
    expect(connection.closes).toEqual([]);
    // It is looked at every quarter of that time.
    vi.advanceTimersByTime(2_500);
    expect(connection.frames).toMatchObject([{ op: Op.error, code: 'AUTH_TIMEOUT' }]);
    expect(connection.closes).toEqual([{ code: 4003, reason: 'AUTH_TIMEOUT' }]);
  });

  it('stays when one comes just in time', async () => {
    const { open, index } = setUp();
    const { connection } = open();
    vi.advanceTimersByTime(10_000);
    await index.authenticate(connection, identity, 't');
    vi.advanceTimersByTime(30_000);
    expect(connection.closes).toEqual([]);
  });
});

// A server clock that was set forward by two minutes closed everybody who was idle.
it('stays, whatever the clock is set to', async () => {
  const { open, index } = setUp();
  const [stranger, member] = [open(), open()];
  await index.authenticate(member.connection, { ...identity, expiresAt: Date.now() + 7_200_000 }, 't');
  vi.advanceTimersByTime(5_000);
  vi.setSystemTime(Date.now() + 3_600_000);
  vi.advanceTimersByTime(2_500);
  expect([stranger.connection.closes, member.connection.closes]).toEqual([[], []]);
  // And is closed in time when the clock is set back.
  vi.setSystemTime(Date.now() - 7_200_000);
  vi.advanceTimersByTime(5_000);
  expect(stranger.connection.closes).toMatchObject([{ reason: 'AUTH_TIMEOUT' }]);
});

describe('a silent connection', () => {
  it('is pinged after 25 s, kept for 60 s, then closed with 4002; any sign of life keeps it', async () => {
    const { open, index } = setUp();
    const [silent, alive] = [open(), open()];
    await index.authenticate(silent.connection, identity, 't');
    await index.authenticate(alive.connection, identity, 't');
    vi.advanceTimersByTime(22_500);
    expect(silent.pings).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2_500);
    expect(silent.pings).toHaveBeenCalledTimes(1);
    alive.connection.lastSeenAt = performance.now();
    vi.advanceTimersByTime(35_000);
    expect(silent.connection.closes).toEqual([]);
    vi.advanceTimersByTime(2_500);
    expect(silent.connection.closes).toEqual([{ code: 4002, reason: 'HEARTBEAT_TIMEOUT' }]);
    expect(alive.connection.closes).toEqual([]);
  });
});
