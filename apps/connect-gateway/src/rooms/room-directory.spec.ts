import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeConnection } from '../testing/fake-connection.js';
import { entry } from '../testing/fake-room-log.js';
import { settle, turn } from '../testing/local-room.fixture.js';
import { setUpRooms } from '../testing/room-directory.fixture.js';
import type { RoomDirectory } from './room-directory.js';
import { MAX_WRITES_PER_TURN } from './turn.js';

/** As the dispatcher does it, once `joined` is written. */
async function join(rooms: RoomDirectory, connection: FakeConnection, kind: 'room' | 'direct' = 'room') {
  const { member } = await rooms.join(connection, 7, kind);
  member.room.promote(member);
  member.room.resume(member);
  return member;
}

describe('a join', () => {
  it.each([
    { lastSeq: 8, epoch: 'e1', resumed: true, from: 8 },
    { lastSeq: 10, epoch: 'e1', resumed: true, from: 10 },
    { lastSeq: 15, epoch: 'e1', resumed: true, from: 15 },
    { lastSeq: 20, epoch: 'e1', resumed: true, from: 20 },
    { lastSeq: 21, epoch: 'e1', resumed: false, from: 10 },
    { lastSeq: 8, epoch: 'e0', resumed: false, from: 10 },
  ])('begins at $from with $lastSeq of $epoch', async ({ lastSeq, epoch, resumed, from }) => {
    const { rooms } = setUpRooms();
    const joined = await rooms.join(new FakeConnection(1), 7, 'room', { lastSeq, epoch });
    expect(joined.resumed).toBe(resumed);
    expect(joined.member.lastSeq).toBe(from);
  });

  // The head of a new epoch, whose numbers are larger, vouched for any position in the old one.
  it('does not resume beyond its position in an epoch that has ended meanwhile', async () => {
    const { rooms, redis } = setUpRooms();
    redis.head = { seq: 20, epoch: 'e2' };
    const joined = await rooms.join(new FakeConnection(1), 7, 'room', { lastSeq: 15, epoch: 'e1' });
    expect(joined).toMatchObject({ resumed: false, member: { lastSeq: 10 } });
  });

  it('does not resume where the room has come to another epoch while Redis was asked', async () => {
    const { rooms, redis } = setUpRooms();
    await join(rooms, new FakeConnection(2));
    redis.whenHeadIsRead = () => {
      redis.gate = rooms.pullTo(7, { seq: 100, epoch: 'e2' });
    };
    const joined = await rooms.join(new FakeConnection(1), 7, 'room', { lastSeq: 15, epoch: 'e1' });
    expect(joined).toMatchObject({ resumed: false, member: { lastSeq: 100 } });
  });

  it('asks Redis how far it is for nobody but who claims to be ahead', async () => {
    const { rooms, redis } = setUpRooms();
    const whenHeadIsRead = vi.fn();
    redis.whenHeadIsRead = whenHeadIsRead;
    await rooms.join(new FakeConnection(1), 7, 'room', { lastSeq: 10, epoch: 'e1' });
    await rooms.join(new FakeConnection(2), 7, 'room', { lastSeq: 15, epoch: 'e0' });
    expect(whenHeadIsRead).not.toHaveBeenCalled();
    await rooms.join(new FakeConnection(3), 7, 'room', { lastSeq: 11, epoch: 'e1' });
    expect(whenHeadIsRead).toHaveBeenCalledTimes(1);
  });

  it('has logic make a position that Redis lacks, and begins there', async () => {
    const { rooms, redis } = setUpRooms();
    redis.position = redis.head = undefined;
    redis.ensureHead.mockImplementationOnce(async () => void (redis.head = { seq: 30, epoch: 'e2' }));
    const { member } = await rooms.join(new FakeConnection(1), 7, 'room', { lastSeq: 8, epoch: 'e1' });
    expect([redis.ensureHead.mock.calls, member.lastSeq]).toEqual([[[1, 7]], 30]);
  });

  it('begins with what is being written to the others', async () => {
    const { rooms } = setUpRooms();
    for (let userId = 1; userId <= MAX_WRITES_PER_TURN + 1; userId++)
      await join(rooms, new FakeConnection(userId));
    await rooms.deliver(7, [entry(7, 11)]);
    // Another one of somebody who is here: Redis is not asked.
    const late = new FakeConnection(1);
    await join(rooms, late);
    expect(rooms.get(7)?.position.seq).toBe(11);
    await settle();
    expect(late.seen).toEqual([11]);
  });

  it.each(['away', 'empty'])(
    'begins at the position here when Redis, asked how far it is, is %s',
    async (is) => {
      const { rooms, redis } = setUpRooms();
      await join(rooms, new FakeConnection(1));
      if (is === 'away') redis.isAway = true;
      else redis.head = undefined;
      const joined = await rooms.join(new FakeConnection(1), 7, 'room', { lastSeq: 15, epoch: 'e1' });
      expect(joined).toMatchObject({ resumed: false, member: { lastSeq: 10 } });
    },
  );

  it('is refused before the connection has shown who it is', async () => {
    const { rooms } = setUpRooms();
    const stranger = new FakeConnection(0);
    stranger.identity = undefined;
    await expect(rooms.join(stranger, 7, 'room')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(rooms.all().size).toBe(0);
  });

  it('moves a connection that has joined before: it gets each message once', async () => {
    const { rooms, redis, changed } = setUpRooms();
    const connection = new FakeConnection(1);
    await join(rooms, connection);
    await join(rooms, connection);
    await rooms.deliver(7, [entry(7, 11)]);
    expect(connection.seen).toEqual([11]);
    rooms.leave(connection, 7);
    await settle();
    expect([redis.users(), changed]).toEqual([[], [7, 7]]);
  });

  // Both memberships were live: the connection got every further message of the conversation twice.
  it('shows a direct message once to a connection that joins the conversation while the message comes', async () => {
    const connection = new FakeConnection(1);
    const { rooms, redis } = setUpRooms([connection]);
    redis.whenHeadIsRead = () => void rooms.deliver(7, [{ ...entry(7, 21), recipients: [1, 2] }]);
    const { member } = await rooms.join(connection, 7, 'direct', { lastSeq: 20, epoch: 'e1' });
    member.room.promote(member);
    await rooms.deliver(7, [{ ...entry(7, 22), recipients: [1, 2] }]);
    expect(connection.seen.filter((seen) => seen === 22)).toEqual([22]);
  });
});

describe('a joiner', () => {
  it('is reported to Redis with his join, also to a room that is open here', async () => {
    const { rooms, redis } = setUpRooms();
    for (const userId of [1, 2]) {
      const open = redis.hold();
      let hasJoined = false;
      const joining = join(rooms, new FakeConnection(userId)).then(() => (hasJoined = true));
      await settle();
      expect([hasJoined, redis.users().at(-1)]).toEqual([false, userId]);
      open();
      await joining;
    }
    expect(redis.shares.map(({ complete, added }) => [complete, added])).toEqual([
      [false, [{ userId: 1, userName: 'u1' }]],
      [false, [{ userId: 2, userName: 'u2' }]],
    ]);
  });

  it('is told of when he is new here, and when his last connection has left', async () => {
    const { rooms, redis, changed } = setUpRooms();
    const [phone, laptop, other] = [new FakeConnection(1), new FakeConnection(1), new FakeConnection(2)];
    await join(rooms, phone);
    await join(rooms, laptop);
    await join(rooms, other);
    expect([changed, redis.users()]).toEqual([
      [7, 7],
      [1, 2],
    ]);
    rooms.leave(phone, 7);
    await settle();
    expect([changed.length, redis.users()]).toEqual([2, [1, 2]]);
    rooms.leave(laptop, 7);
    // Whoever is told reads it from Redis.
    expect(changed).toHaveLength(2);
    await settle();
    expect([changed.length, redis.users()]).toEqual([3, [2]]);
    rooms.leave(laptop, 7);
    await settle();
    expect(changed).toHaveLength(3);
  });

  it('of a conversation is nobody’s presence', async () => {
    const { rooms, redis, changed } = setUpRooms();
    const member = await join(rooms, new FakeConnection(1), 'direct');
    expect(member.room).toMatchObject({ kind: 'direct', delivered: 20 });
    rooms.leave(member.connection as FakeConnection, 7);
    await settle();
    expect([redis.shares, changed, rooms.all().size]).toEqual([[], [], 0]);
  });
});

describe('what comes while a room is being opened', () => {
  // A position that a worker sent while the room was being opened was answered as taken, and taken by nobody.
  it.each([
    { what: 'messages', come: (rooms: RoomDirectory) => rooms.deliver(7, [entry(7, 11), entry(7, 12)]) },
    { what: 'a position', come: (rooms: RoomDirectory) => rooms.pullTo(7, { seq: 12, epoch: 'e1' }) },
  ])('reaches the joiner, once: $what', async ({ come }) => {
    const { rooms, redis } = setUpRooms();
    redis.log.append(12);
    const open = redis.hold();
    const connection = new FakeConnection(1);
    const joining = join(rooms, connection);
    await settle();
    let isTaken = false;
    const coming = come(rooms).then(() => (isTaken = true));
    await settle();
    expect(isTaken).toBe(false);
    open();
    await Promise.all([joining, coming]);
    await settle();
    expect(connection.seen).toEqual([11, 12]);
  });

  it('and is covered by the position that it opens with is not shown', async () => {
    const { rooms, redis } = setUpRooms();
    const open = redis.hold();
    const connection = new FakeConnection(1);
    const joining = join(rooms, connection);
    await settle();
    const coming = rooms.deliver(7, [entry(7, 9), entry(7, 10), entry(7, 11)]);
    open();
    await Promise.all([joining, coming]);
    await settle();
    expect(connection.seen).toEqual([11]);
  });

  it('is dropped with a room that could not be opened, and with one that nobody is in', async () => {
    const { rooms, redis } = setUpRooms();
    const open = redis.hold();
    redis.isMute = true;
    const joining = expect(join(rooms, new FakeConnection(1))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await settle();
    const coming = Promise.all([rooms.deliver(7, [entry(7, 11)]), rooms.pullTo(7, { seq: 11, epoch: 'e1' })]);
    open();
    await joining;
    await coming;
    await rooms.deliver(8, [entry(8, 1)]);
    await rooms.pullTo(8, { seq: 1, epoch: 'e1' });
    expect(rooms.get(8)).toBeUndefined();
  });
});

describe('a join that fails', () => {
  const failed = { code: 'UNAVAILABLE' };

  it('counts nobody: what Redis may have heard is taken back, then the room is forgotten', async () => {
    const { rooms, redis, changed } = setUpRooms();
    redis.isMute = true;
    await expect(join(rooms, new FakeConnection(1))).rejects.toMatchObject(failed);
    await settle();
    expect([redis.users(), rooms.all().get(7)?.presence.users]).toEqual([[], 0]);
    // The answer to that did not arrive either: as long as nobody knows, the position check asks again.
    redis.isMute = false;
    await rooms.all().get(7)?.presence.repair();
    rooms.drop(7);
    expect([rooms.all().size, changed]).toEqual([0, []]);
  });

  // Redis, which had lost the room's head, listed somebody for as long as this gateway lived.
  it('counts nobody in a room without a head', async () => {
    const { rooms, redis } = setUpRooms();
    redis.position = redis.head = undefined;
    await expect(join(rooms, new FakeConnection(1))).rejects.toMatchObject(failed);
    await settle();
    expect([redis.users(), rooms.all().size]).toEqual([[], 0]);
  });

  it('leaves the other connection of its user counted', async () => {
    const { rooms, redis } = setUpRooms();
    await join(rooms, new FakeConnection(1));
    const closed = new FakeConnection(1);
    closed.markClosed();
    await expect(join(rooms, closed)).rejects.toMatchObject(failed);
    await settle();
    expect([redis.users(), rooms.all().get(7)?.presence.users]).toEqual([[1], 1]);
  });

  // Nothing ever looked at it again: it was one of the ten thousand conversations for good.
  it('leaves no conversation behind', async () => {
    for (const reason of ['away', 'no head']) {
      const { rooms, redis } = setUpRooms();
      if (reason === 'away') redis.isAway = true;
      else redis.head = undefined;
      await expect(join(rooms, new FakeConnection(1), 'direct')).rejects.toMatchObject(failed);
      expect(rooms.all().size).toBe(0);
    }
  });

  // The position of a client ahead was checked after whether its socket is open: one closed meanwhile stayed for ever.
  it('because the connection closes while its position is checked keeps nothing of it', async () => {
    const connection = new FakeConnection(1);
    const { rooms, redis } = setUpRooms();
    redis.whenHeadIsRead = () => connection.markClosed();
    const joining = rooms.join(connection, 7, 'room', { lastSeq: 15, epoch: 'e1' });
    await expect(joining).rejects.toMatchObject(failed);
    await settle();
    expect([connection.memberships.size, rooms.all().size, redis.users()]).toEqual([0, 0, []]);
  });

  // A member that joined again, and closed while its position was checked, was put back into the room it had left.
  it('because a member closes while it joins again does not put it back', async () => {
    const connection = new FakeConnection(1);
    const { rooms, redis } = setUpRooms();
    redis.whenHeadIsRead = () => {
      connection.markClosed();
      rooms.leave(connection, 7);
    };
    await rooms.join(connection, 7, 'room');
    const again = rooms.join(connection, 7, 'room', { lastSeq: 15, epoch: 'e1' });
    await expect(again).rejects.toMatchObject(failed);
    await settle();
    expect([connection.memberships.size, rooms.all().size, redis.users()]).toEqual([0, 0, []]);
  });

  it('does not take out of the count a member that was there before', async () => {
    const { rooms, redis } = setUpRooms();
    const connection = new FakeConnection(1);
    await join(rooms, connection);
    redis.whenHeadIsRead = () => connection.markClosed();
    const again = rooms.join(connection, 7, 'room', { lastSeq: 15, epoch: 'e1' });
    await expect(again).rejects.toMatchObject(failed);
    expect([rooms.all().get(7)?.presence.users, rooms.get(7)?.members.has(connection)]).toEqual([1, true]);
    rooms.leave(connection, 7);
    await settle();
    expect([rooms.all().size, redis.users()]).toEqual([0, []]);
  });
});

describe('a room', () => {
  it('is forgotten when its last member has left and Redis knows, with its timers', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { rooms, redis } = setUpRooms();
    const [a, b] = [new FakeConnection(1), new FakeConnection(2)];
    await join(rooms, a);
    await join(rooms, b);
    const room = rooms.get(7);
    room!.expect({ seq: 50, epoch: 'e1' });
    rooms.leave(a, 7);
    await settle();
    expect(rooms.get(7)).toBe(room);
    const open = redis.hold();
    rooms.leave(b, 7);
    await settle();
    expect(rooms.get(7)).toBe(room);
    open();
    await settle();
    expect([rooms.all().size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('stays for somebody who comes while the last one leaves', async () => {
    const { rooms, redis } = setUpRooms();
    const [a, b] = [new FakeConnection(1), new FakeConnection(2)];
    await join(rooms, a);
    const open = redis.hold();
    rooms.leave(a, 7);
    await settle();
    const joining = join(rooms, b);
    open();
    await joining;
    await settle();
    await rooms.deliver(7, [entry(7, 11)]);
    expect([redis.users(), b.seen, a.seen]).toEqual([[2], [11], []]);
  });

  // The room was forgotten together with the leave that Redis had not heard of: the user stayed in its list.
  it('whose last leave could not be reported is kept, for the position check to say it again', async () => {
    const { rooms, redis, changed } = setUpRooms();
    const connection = new FakeConnection(1);
    await join(rooms, connection);
    redis.isAway = true;
    rooms.leave(connection, 7);
    await settle();
    rooms.drop(7);
    expect([rooms.all().get(7)?.presence.users, changed.length]).toEqual([0, 1]);
    redis.isAway = false;
    await rooms.all().get(7)?.presence.repair();
    rooms.drop(7);
    expect([rooms.all().size, redis.users()]).toEqual([0, []]);
  });

  it('is not dropped with somebody in it, nor with somebody on the way into it', async () => {
    const { rooms, redis } = setUpRooms();
    const open = redis.hold();
    const joining = join(rooms, new FakeConnection(1));
    rooms.drop(7);
    await turn();
    rooms.drop(7);
    expect(rooms.all().size).toBe(1);
    open();
    await joining;
    rooms.drop(7);
    rooms.forget(7);
    rooms.drop(9);
    expect(rooms.get(7)?.members.size).toBe(1);
  });

  it('is left by who is in it, and by nobody else', async () => {
    const { rooms, redis } = setUpRooms();
    const connection = new FakeConnection(1);
    await join(rooms, connection);
    rooms.leave(new FakeConnection(1), 7);
    rooms.leave(connection, 8);
    await settle();
    expect([redis.users(), rooms.get(7)?.members.size, redis.shares.length]).toEqual([[1], 1, 1]);
  });

  it('counts what it hands to sockets: messages times members', async () => {
    const { rooms, counted } = setUpRooms();
    for (const userId of [1, 2, 3]) await join(rooms, new FakeConnection(userId));
    await rooms.deliver(7, [entry(7, 11), entry(7, 12)]);
    expect(counted).toEqual([6]);
  });
});
