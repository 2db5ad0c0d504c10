import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Place } from '../connections/connection.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { numbers, setUp as setUpRoom } from '../testing/local-room.fixture.js';
import { stub } from '../testing/stub.js';
import type { LocalRoom } from './local-room.js';
import { MAX_OPENED, openConversation } from './opened-conversations.js';

/** A connection on which messages have opened as many conversations as they may, 101 on, all of them quiet. */
function setUp() {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const connection = new FakeConnection(1);
  const others = new Map<number, { isQuiet: boolean; usedAt: number }>();
  for (const roomId of numbers(101, 100 + MAX_OPENED)) {
    const other = { isQuiet: true, usedAt: performance.now() };
    others.set(roomId, other);
    const room = stub<LocalRoom>('LocalRoom', { roomId, kind: 'direct' });
    connection.memberships.set(roomId, { room, byMessage: true });
  }
  vi.advanceTimersByTime(10_000);
  const { room, log } = setUpRoom({ seq: 4, epoch: 'e1' });
  const letGo: number[] = [];
  const open = () =>
    openConversation(
      connection,
      room,
      (roomId) => others.get(roomId) as LocalRoom | undefined,
      (roomId) => {
        letGo.push(roomId);
        connection.memberships.delete(roomId);
      },
    );
  return { connection, others, room, log, letGo, open };
}

describe('a conversation that a message opens', () => {
  it('is live from where its room is, and marked as not asked for', async () => {
    const connection = new FakeConnection(1);
    const { room, log } = setUpRoom({ seq: 4, epoch: 'e1' });
    const nothing = () => {
      throw new Error('was not expected');
    };
    expect(openConversation(connection, room, nothing, nothing)).toBe(true);
    expect(room.members.get(connection)).toMatchObject({ live: true, byMessage: true });
    await room.deliver(log.append(1, 'e1', 5));
    expect([connection.seen, log.reads]).toEqual([[5], []]);
  });

  it('that its connection has joined itself stays what it is, where it is', () => {
    const connection = new FakeConnection(1);
    const { room } = setUpRoom();
    const member = room.add(connection, 0);
    const place: Place = { room: stub<LocalRoom>('LocalRoom', {}) };
    connection.memberships.set(8, place);
    expect(
      openConversation(
        connection,
        room,
        () => undefined,
        () => undefined,
      ),
    ).toBe(true);
    expect([...connection.memberships]).toEqual([
      [7, member],
      [8, place],
    ]);
    expect([member.byMessage, room.members.get(connection) === member]).toEqual([undefined, true]);
  });

  it('before takes its place behind the others at each message', () => {
    const { connection, letGo, room, open } = setUp();
    connection.memberships.delete(101);
    expect(open()).toBe(true);
    const last = { room: stub<LocalRoom>('LocalRoom', {}), byMessage: true };
    connection.memberships.set(999, last);
    expect(open()).toBe(true);
    expect([...connection.memberships.keys()].slice(-2)).toEqual([999, 7]);
    expect([letGo, room.members.size]).toEqual([[], 1]);
  });
});

describe('of sixty-four that messages have opened', () => {
  it('the one longest without a message makes room for the next', () => {
    const { connection, letGo, room, open } = setUp();
    expect(open()).toBe(true);
    expect([letGo, room.members.has(connection), connection.memberships.size]).toEqual([[101], true, 64]);
  });

  it.each([
    { what: 'has something under way', isQuiet: false, laterMs: 0 },
    { what: 'had a message less than ten seconds ago', isQuiet: true, laterMs: 1 },
  ])('one that $what stays, and the next one goes', ({ isQuiet, laterMs }) => {
    const { others, letGo, open } = setUp();
    const oldest = others.get(101)!;
    oldest.isQuiet = isQuiet;
    oldest.usedAt += laterMs;
    expect(open()).toBe(true);
    expect(letGo).toEqual([102]);
  });

  it('the one that its user looks at stays, and the next one goes', () => {
    const { connection, letGo, open } = setUp();
    connection.currentRoomId = 101;
    expect(open()).toBe(true);
    expect(letGo).toEqual([102]);
  });

  it('one that is known here no more goes first', () => {
    const { others, letGo, open } = setUp();
    others.delete(110);
    for (const other of others.values()) other.isQuiet = false;
    expect(open()).toBe(true);
    expect(letGo).toEqual([110]);
  });

  it('none goes when all are busy: the message is for the client to read', () => {
    const { connection, others, letGo, room, open } = setUp();
    for (const other of others.values()) other.isQuiet = false;
    expect(open()).toBe(false);
    expect([letGo, room.members.size, connection.memberships.size]).toEqual([[], 0, 64]);
  });

  it('none goes while a room that was joined makes them more', () => {
    const { connection, letGo, open } = setUp();
    connection.memberships.delete(101);
    connection.memberships.set(5, { room: stub<LocalRoom>('LocalRoom', {}) });
    expect(open()).toBe(true);
    expect(letGo).toEqual([]);
  });
});
