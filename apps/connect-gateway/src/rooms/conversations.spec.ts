import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeConnection } from '../testing/fake-connection.js';
import { entry } from '../testing/fake-room-log.js';
import { numbers, settle } from '../testing/local-room.fixture.js';
import { setUpRooms } from '../testing/room-directory.fixture.js';
import { MAX_OPENED } from './opened-conversations.js';
import { MAX_CONVERSATIONS, type RoomDirectory } from './room-directory.js';

const message = (roomId: number, seq: number) => ({ ...entry(roomId, seq), recipients: [1, 2] });
const talk = (rooms: RoomDirectory, roomId: number, seq = 1) => rooms.deliver(roomId, [message(roomId, seq)]);
const open = (connection: FakeConnection) => [...connection.memberships.keys()];

describe('a direct message', () => {
  it('reaches every connection of its recipients, from the first one on', async () => {
    const [phone, laptop] = [new FakeConnection(1), new FakeConnection(2)];
    const { rooms, redis } = setUpRooms([phone, laptop]);
    await rooms.deliver(7, [message(7, 21), message(7, 22)]);
    await rooms.deliver(7, [message(7, 23)]);
    expect([phone.seen, laptop.seen, redis.log.reads]).toEqual([[21, 22, 23], [21, 22, 23], []]);
    expect(rooms.get(7)?.kind).toBe('direct');
  });

  it('that is to be read from the log does so, too', async () => {
    const connection = new FakeConnection(1);
    const { rooms, redis } = setUpRooms([connection]);
    redis.log.append(21);
    await rooms.pullTo(7, { seq: 21, epoch: 'e1' }, [1, 2]);
    expect([connection.seen, redis.log.reads]).toEqual([[21], ['21-21']]);
  });

  it('to nobody who is here opens nothing', async () => {
    const { rooms } = setUpRooms([]);
    await talk(rooms, 7);
    await rooms.pullTo(7, { seq: 1, epoch: 'e1' }, [1, 2]);
    expect(rooms.all().size).toBe(0);
  });

  it('to a room opens nothing for those who are not in it', async () => {
    const { rooms } = setUpRooms([new FakeConnection(1)]);
    await rooms.deliver(7, [entry(7, 1)]);
    await rooms.pullTo(7, { seq: 1, epoch: 'e1' });
    expect(rooms.all().size).toBe(0);
  });
});

describe('conversations', () => {
  it('are ten thousand at the most; one without traffic for longest is let go, and opened by its next message', async () => {
    const connection = new FakeConnection(1);
    const connections = [connection];
    const { rooms, redis } = setUpRooms(connections);
    for (let roomId = 1; roomId <= MAX_CONVERSATIONS; roomId++) {
      // No more than one connection may have.
      if (roomId % MAX_OPENED === 0) connections[0] = new FakeConnection(roomId);
      await talk(rooms, roomId);
    }
    expect(rooms.all().size).toBe(MAX_CONVERSATIONS);
    connections[0] = connection;
    await talk(rooms, 1, 2);
    redis.log.append(3);
    await rooms.pullTo(2, { seq: 2, epoch: 'e1' });
    connections[0] = new FakeConnection(2);
    await talk(rooms, MAX_CONVERSATIONS + 1);
    expect(rooms.all().size).toBe(MAX_CONVERSATIONS);
    expect([rooms.get(1), rooms.get(2), rooms.get(3)].map((room) => room !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
    expect(connection.memberships.has(3)).toBe(false);
    connections[0] = connection;
    connection.writes.length = 0;
    await talk(rooms, 3, 2);
    expect(connection.seen).toEqual([2]);
    // Those without traffic for longest are busy: whoever comes next looks at others. One that was let go together with
    // another was counted for ever.
    for (const roomId of numbers(5, 12)) rooms.get(roomId)?.expect({ seq: 99, epoch: 'e1' });
    for (const more of [2, 3]) {
      connections[0] = new FakeConnection(more);
      await talk(rooms, MAX_CONVERSATIONS + more);
    }
    expect(rooms.all().size).toBe(MAX_CONVERSATIONS);
    expect(numbers(4, 15).filter((roomId) => !rooms.get(roomId))).toEqual([4, 13, 14]);
  });

  // A member behind was put out of an idle conversation, and what it lacked was never sent.
  it('stay while somebody is behind, or has them open', async () => {
    const slow = new FakeConnection(1);
    const { rooms } = setUpRooms([slow]);
    await talk(rooms, 7);
    slow.bufferedBytes = 1_001;
    await talk(rooms, 7, 2);
    rooms.forget(7);
    expect(rooms.get(7)?.members.has(slow)).toBe(true);
    slow.drain();
    await settle();
    expect(slow.seen).toEqual([1, 2]);
    slow.currentRoomId = 7;
    rooms.forget(7);
    expect(rooms.get(7)?.members.has(slow)).toBe(true);
    slow.currentRoomId = 8;
    rooms.forget(7);
    expect([rooms.get(7), slow.memberships.size]).toEqual([undefined, 0]);
  });

  // It was put out while the log was read for it: the message came to nobody, and the next one began after it.
  it('stay while their log is read', async () => {
    const connection = new FakeConnection(1);
    const { rooms, redis } = setUpRooms([connection]);
    redis.log.append(3);
    await talk(rooms, 7);
    let answer: () => void = () => undefined;
    redis.log.delay = () => new Promise((resolve) => (answer = resolve));
    const pulling = rooms.pullTo(7, { seq: 3, epoch: 'e1' }, [1, 2]);
    await settle();
    rooms.forget(7);
    answer();
    await pulling;
    expect(connection.seen).toEqual([1, 2, 3]);
    rooms.forget(7);
    expect(rooms.get(7)).toBeUndefined();
  });

  // The joiner was put into a room that had been closed meanwhile, and heard nothing of the conversation any more.
  it('stay for somebody who is on the way into them while the last one leaves', async () => {
    const [a, b] = [new FakeConnection(1), new FakeConnection(2)];
    const { rooms, redis } = setUpRooms([b]);
    await rooms.join(a, 7, 'direct');
    redis.whenHeadIsRead = () => rooms.leave(a, 7);
    redis.head = { seq: 30, epoch: 'e1' };
    const { member } = await rooms.join(b, 7, 'direct', { lastSeq: 25, epoch: 'e1' });
    expect(rooms.get(7)).toBe(member.room);
    redis.log.append(31);
    await talk(rooms, 7, 31);
    expect(b.seen).toEqual(numbers(26, 31));
  });
});

describe('conversations that messages open', () => {
  it('are 64 on one connection; then the one longest without a message is let go, and opened by its next', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const connection = new FakeConnection(1);
    const { rooms } = setUpRooms([connection]);
    await rooms.join(connection, 7, 'room');
    for (const roomId of numbers(101, 164)) await talk(rooms, roomId, 21);
    expect(open(connection)).toEqual([7, ...numbers(101, 164)]);
    await talk(rooms, 101, 22);
    vi.advanceTimersByTime(10_000);
    await talk(rooms, 165, 21);
    expect(open(connection)).toEqual([7, ...numbers(103, 164), 101, 165]);
    expect(rooms.get(102)).toBeUndefined();
    await talk(rooms, 102, 22);
    expect(open(connection)).toContain(102);
    expect(connection.seen).toEqual([...numbers(101, 164).map(() => 21), 22, 21, 22]);
  });

  // Letting one go whose message is on its way would lose that message without a word.
  it('are not let go of while they are busy: the message is for the client to read', async () => {
    const connection = new FakeConnection(1);
    const { rooms } = setUpRooms([connection]);
    await Promise.all(numbers(101, 164).map((roomId) => talk(rooms, roomId, 21)));
    await rooms.deliver(
      165,
      numbers(21, 23).map((seq) => message(165, seq)),
    );
    expect(open(connection)).toEqual(numbers(101, 164));
    expect(connection.seen.filter((seen) => seen === 21)).toHaveLength(64);
    expect(connection.frames.filter(({ op }) => op === 24)).toEqual([
      { op: 24, roomId: 165, epoch: 'e1', from: 21, to: 23, reason: 'slow' },
    ]);
    // Nobody here is in it.
    expect(rooms.get(165)).toBeUndefined();
  });
});
