import type { PresenceStore } from '@parley/redis';
import { expect, it } from 'vitest';
import type { ConnectionIndex } from '../connections/connection-index.js';
import type { GatewayConfig } from '../gateway-config.js';
import type { GatewayMetrics } from '../gateway-metrics.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { FakeRoomLog } from '../testing/fake-room-log.js';
import { stub } from '../testing/stub.js';
import { RoomDirectory } from './room-directory.js';

function setUp(whenHeadIsRead: () => void = () => undefined) {
  const { store } = new FakeRoomLog(7);
  store.head = () => {
    whenHeadIsRead();
    return Promise.resolve({ seq: 20, epoch: 'e1', floor: 0 });
  };
  return new RoomDirectory(
    stub<GatewayConfig>('GatewayConfig', { instanceId: 'gw-1', maxOutboundBytes: 1_000, buckets: 4 }),
    store,
    stub<PresenceStore>('PresenceStore', {
      share: () => Promise.resolve({ members: 1, here: 1, position: { seq: 10, epoch: 'e1' } }),
    }),
    stub<ConnectionIndex>('ConnectionIndex', {}),
    stub<GatewayMetrics>('GatewayMetrics', {}),
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
