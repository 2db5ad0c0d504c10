import type { PresenceStore } from '@parley/redis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Connection } from '../connections/connection.js';
import type { ConnectionIndex } from '../connections/connection-index.js';
import type { GatewayConfig } from '../gateway-config.js';
import type { GatewayMetrics } from '../gateway-metrics.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { entry, FakeRoomLog } from '../testing/fake-room-log.js';
import { stub } from '../testing/stub.js';
import { MAX_OPENED } from './opened-conversations.js';
import { MAX_CONVERSATIONS, RoomDirectory } from './room-directory.js';

type Share = PresenceStore['share'];
const present: Share = () => Promise.resolve({ members: 1, here: 1, position: { seq: 10, epoch: 'e1' } });

function setUp(
  whenHeadIsRead: () => void = () => undefined,
  { share = present, connections = [] as Connection[], headEpoch = 'e1' } = {},
) {
  const { store } = new FakeRoomLog(7);
  store.head = () => {
    whenHeadIsRead();
    return Promise.resolve({ seq: 20, epoch: headEpoch, floor: 0 });
  };
  return new RoomDirectory(
    stub<GatewayConfig>('GatewayConfig', { instanceId: 'gw-1', maxOutboundBytes: 1_000 }),
    store,
    stub<PresenceStore>('PresenceStore', { share }),
    stub<ConnectionIndex>('ConnectionIndex', { ofUser: () => new Set(connections) }),
    stub<GatewayMetrics>('GatewayMetrics', { delivered: () => undefined }),
  );
}

it.each([
  { lastSeq: 8, epoch: 'e1', resumed: true, from: 8 },
  { lastSeq: 15, epoch: 'e1', resumed: true, from: 15 },
  { lastSeq: 21, epoch: 'e1', resumed: false, from: 10 },
  { lastSeq: 8, epoch: 'e0', resumed: false, from: 10 },
])('joins at $from with $lastSeq of $epoch', async ({ lastSeq, epoch, resumed, from }) => {
  const joined = await setUp().join(new FakeConnection(1), 7, 'room', { lastSeq, epoch });
  expect(joined.resumed).toBe(resumed);
  expect(joined.member.lastSeq).toBe(from);
});

// The head of a new epoch, whose numbers are larger, vouched for any position in the old one.
it('does not resume beyond its position in an epoch that has ended meanwhile', async () => {
  const rooms = setUp(undefined, { headEpoch: 'e2' });
  const joined = await rooms.join(new FakeConnection(1), 7, 'room', { lastSeq: 15, epoch: 'e1' });
  expect(joined).toMatchObject({ resumed: false, member: { lastSeq: 10 } });
});

// The position of a client ahead was checked after whether its socket is open: one closed meanwhile stayed for ever.
it('does not keep a connection that closes while its position is checked', async () => {
  const connection = new FakeConnection(1);
  const rooms = setUp(() => connection.markClosed());
  await expect(rooms.join(connection, 7, 'room', { lastSeq: 15, epoch: 'e1' })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
  expect(connection.memberships.size).toBe(0);
  expect(rooms.get(7)?.members.size ?? 0).toBe(0);
  expect(rooms.all().get(7)?.presence.users ?? 0).toBe(0);
});

// A member that joined again, and closed while its position was checked, was put back into the room it had left.
it('does not put a member back that closes while it joins again', async () => {
  const connection = new FakeConnection(1);
  const rooms = setUp(() => {
    connection.markClosed();
    rooms.leave(connection, 7);
  });
  await rooms.join(connection, 7, 'room');
  await expect(rooms.join(connection, 7, 'room', { lastSeq: 15, epoch: 'e1' })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
  expect(connection.memberships.size).toBe(0);
  expect(rooms.get(7)?.members.size ?? 0).toBe(0);
});

// Both memberships were live: the connection got every further message of the conversation twice.
it('shows a direct message once to a connection that joins the conversation while the message comes', async () => {
  const connection = new FakeConnection(1);
  const rooms = setUp(() => void rooms.deliver(7, [{ ...entry(7, 21), recipients: [1, 2] }]), {
    connections: [connection],
  });
  const { member } = await rooms.join(connection, 7, 'direct', { lastSeq: 20, epoch: 'e1' });
  member.room.promote(member);
  await rooms.deliver(7, [{ ...entry(7, 22), recipients: [1, 2] }]);
  expect(connection.seen.filter((seen) => seen === 22)).toEqual([22]);
});

// The room was forgotten together with the leave that Redis had not heard of: the user stayed in its list.
it('keeps a room whose last leave could not be reported, for the position check to say it again', async () => {
  let away = false;
  let failures = 0;
  const rooms = setUp(undefined, {
    share: (...args) => {
      if (!away) return present(...args);
      failures++;
      return Promise.reject(new Error('away'));
    },
  });
  const connection = new FakeConnection(1);
  await rooms.join(connection, 7, 'room');
  away = true;
  rooms.leave(connection, 7);
  await vi.waitFor(() => expect(failures).toBe(1));
  // What follows from the failure runs in this turn.
  await new Promise((resolve) => setImmediate(resolve));
  expect(rooms.all().get(7)?.presence.users).toBe(0);
  away = false;
  await rooms.all().get(7)?.presence.repair();
  rooms.drop(7);
  expect(rooms.all().size).toBe(0);
});

describe('conversations', () => {
  const talk = (rooms: RoomDirectory, roomId: number, seq = 1) =>
    rooms.deliver(roomId, [{ ...entry(roomId, seq), recipients: [1, 2] }]);

  it('are ten thousand at the most; one without traffic for longest is let go, and opened by its next message', async () => {
    const connection = new FakeConnection(1);
    const connections = [connection];
    const rooms = setUp(undefined, { connections });
    for (let roomId = 1; roomId <= MAX_CONVERSATIONS; roomId++) {
      // No more than one connection may have.
      if (roomId % MAX_OPENED === 0) connections[0] = new FakeConnection(roomId);
      await talk(rooms, roomId);
    }
    expect(rooms.all().size).toBe(MAX_CONVERSATIONS);
    connections[0] = connection;
    await talk(rooms, 1, 2);
    connections[0] = new FakeConnection(2);
    await talk(rooms, MAX_CONVERSATIONS + 1);
    expect(rooms.all().size).toBe(MAX_CONVERSATIONS);
    expect([rooms.get(1) !== undefined, rooms.get(2)]).toEqual([true, undefined]);
    expect(connection.memberships.has(2)).toBe(false);
    connections[0] = connection;
    connection.writes.length = 0;
    await talk(rooms, 2, 2);
    expect(connection.seen).toEqual([2]);
  });

  // A member behind was put out of an idle conversation, and what it lacked was never sent.
  it('stay while somebody is behind, or has them open', async () => {
    const slow = new FakeConnection(1);
    const rooms = setUp(undefined, { connections: [slow] });
    await talk(rooms, 7);
    slow.bufferedBytes = 1_001;
    await talk(rooms, 7, 2);
    rooms.forget(7);
    expect(rooms.get(7)?.members.has(slow)).toBe(true);
    slow.drain();
    await new Promise((resolve) => setImmediate(resolve));
    expect(slow.seen).toEqual([1, 2]);
    slow.currentRoomId = 7;
    rooms.forget(7);
    expect(rooms.get(7)?.members.has(slow)).toBe(true);
    slow.currentRoomId = 8;
    rooms.forget(7);
    expect([rooms.get(7), slow.memberships.size]).toEqual([undefined, 0]);
  });
});

describe('conversations that messages open', () => {
  const message = (roomId: number, seq: number) => [{ ...entry(roomId, seq), recipients: [1, 2] }];
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const open = (connection: FakeConnection) => [...connection.memberships.keys()];

  it('are 64 on one connection; then the one longest without a message is let go, and opened by its next', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const connection = new FakeConnection(1);
    const rooms = setUp(undefined, { connections: [connection] });
    await rooms.join(connection, 7, 'room');
    for (const roomId of numbers(101, 164)) await rooms.deliver(roomId, message(roomId, 21));
    expect(open(connection)).toEqual([7, ...numbers(101, 164)]);
    await rooms.deliver(101, message(101, 22));
    vi.advanceTimersByTime(10_000);
    await rooms.deliver(165, message(165, 21));
    expect(open(connection)).toEqual([7, ...numbers(103, 164), 101, 165]);
    expect(rooms.get(102)).toBeUndefined();
    await rooms.deliver(102, message(102, 22));
    expect(open(connection)).toContain(102);
    expect(connection.seen).toEqual([...numbers(101, 164).map(() => 21), 22, 21, 22]);
  });

  // Letting one go whose message is on its way would lose that message without a word.
  it('are not let go of while they are busy: the message is for the client to read', async () => {
    const connection = new FakeConnection(1);
    const rooms = setUp(undefined, { connections: [connection] });
    await Promise.all(numbers(101, 165).map((roomId) => rooms.deliver(roomId, message(roomId, 21))));
    expect(open(connection)).toEqual(numbers(101, 164));
    expect(connection.seen.filter((seen) => seen === 21)).toHaveLength(64);
    expect(connection.frames.filter(({ op }) => op === 24)).toEqual([
      { op: 24, roomId: 165, epoch: 'e1', from: 21, to: 21, reason: 'slow' },
    ]);
    // Nobody here is in it.
    expect(rooms.get(165)).toBeUndefined();
  });
});
