import { expect, it } from 'vitest';
import { FakeConnection } from '../testing/fake-connection.js';
import { setUpRooms } from '../testing/room-directory.fixture.js';

// He was a member whom no list named, and of a gateway that Redis did not list for the room.
it('whoever is put out while he joins once more is refused for now, and not in the room', async () => {
  const { rooms, redis } = setUpRooms();
  const connection = new FakeConnection(5);
  await rooms.join(connection, 7, 'room');
  redis.whenHeadIsRead = () => rooms.leave(connection, 7);
  const again = rooms.join(connection, 7, 'room', { lastSeq: 15, epoch: 'e1' });
  await expect(again).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(rooms.get(7)?.members.has(connection) ?? false).toBe(false);
  redis.whenHeadIsRead = () => undefined;
  await rooms.join(connection, 7, 'room');
  expect(rooms.get(7)?.members.has(connection)).toBe(true);
  await expect.poll(() => redis.users()).toEqual([5]);
});
