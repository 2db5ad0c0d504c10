import type { EventBus } from '@parley/redis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RoomsRepository } from '../rooms/rooms.repository.js';
import { stub } from '../testing/stub.js';
import { RoomAccessService } from './room-access.service.js';

type Room = NonNullable<Awaited<ReturnType<RoomsRepository['get']>>>;

const room = (directKey: string | null = null): Room => ({
  ...{ roomId: 7, name: '', directKey },
  kind: directKey === null ? 'room' : 'direct',
});

describe('RoomAccessService', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** What SQL answers next, and how often it was asked. */
  function setUp(answer: () => Promise<Room | null>) {
    let bannedUntil: string | undefined;
    const sql = { answer, reads: 0, asked: [] as number[] };
    const members = Object.assign(new Set<number>(), { asked: [] as number[] });
    const heard: { event?: (event: { roomId: number }) => void; subscribed?: () => void | Promise<void> } =
      {};
    const service = new RoomAccessService(
      stub<RoomsRepository>('RoomsRepository', {
        get: ((roomId: number) => {
          sql.reads++;
          sql.asked.push(roomId);
          return sql.answer();
        }) as RoomsRepository['get'],
        hasMember: async (_, userId) => {
          members.asked.push(userId);
          return members.has(userId);
        },
      }),
      stub<EventBus>('EventBus', {
        subscribe: (async (kind, _schema, onEvent, onSubscribed) => {
          expect(kind).toBe('room');
          heard.event = onEvent as (event: { roomId: number }) => void;
          heard.subscribed = onSubscribed;
        }) as EventBus['subscribe'],
      }),
      { someFacts: async (asks) => asks.map(() => [bannedUntil]), nowMs: async () => 1_000 },
    );
    return { sql, service, heard, members, ban: (until: string | undefined) => (bannedUntil = until) };
  }

  it('asks SQL once for a room, however many ask for it', async () => {
    const { sql, service } = setUp(async () => room());
    for (let i = 0; i < 5; i++)
      expect(await service.authorize(1, 7)).toEqual({ roomId: 7, kind: 'room', users: undefined });
    expect(sql.reads).toBe(1);
  });

  it('hides a private room from who is no member, asks SQL once for who is, and again after a change', async () => {
    const { service, heard, members } = setUp(async () => ({ ...room(), isPrivate: true }));
    await service.onModuleInit();
    members.add(1);
    await expect(service.authorize(2, 7)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' });
    expect([service.knows(7, 1), service.knows(7, 2), service.knows(7)]).toEqual([false, false, false]);
    for (let i = 0; i < 3; i++) expect(await service.authorize(1, 7)).toMatchObject({ isPrivate: true });
    expect(members.asked).toEqual([2, 1]);
    expect([service.knows(7, 1), service.knows(7, 2)]).toEqual([true, false]);
    // Whoever is let in is in at once, and whoever is out is out when it is heard of.
    members.add(2);
    await service.authorize(2, 7);
    members.delete(1);
    heard.event?.({ roomId: 7 });
    await expect(service.authorize(1, 7)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' });
    // An admin comes in by an act that asks whether there is such a room at all.
    expect(await service.find(7)).toMatchObject({ roomId: 7, isPrivate: true });
  });

  it('hides a conversation from others, and a room that does not exist alike', async () => {
    const { service } = setUp(async () => room('1:2'));
    expect(await service.authorize(2, 7)).toMatchObject({ kind: 'direct', users: [1, 2] });
    await expect(service.authorize(3, 7)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' });
    const nothing = setUp(async () => null);
    await expect(nothing.service.authorize(3, 7)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' });
  });

  // A database that hangs instead of failing held up every send to a room whose facts had just grown old.
  it('does not wait for a database that hangs once it knows the room', async () => {
    const { sql, service } = setUp(async () => room());
    await service.authorize(1, 7);
    sql.answer = () => new Promise(() => undefined);
    vi.advanceTimersByTime(60_000);
    expect(await service.authorize(1, 7)).toMatchObject({ roomId: 7 });
    expect(await service.authorize(1, 7)).toMatchObject({ roomId: 7 });
    expect(sql.reads).toBe(2);
  });

  // Facts were aged by the wall clock: set back an hour, a lost announcement stayed unnoticed for an hour.
  it('reads a room again after its time, whatever the clock is set to', async () => {
    const { sql, service } = setUp(async () => room());
    await service.authorize(1, 7);
    vi.setSystemTime(Date.now() + 3_600_000);
    await service.authorize(1, 7);
    expect(sql.reads).toBe(1);
    vi.setSystemTime(Date.now() - 7_200_000);
    vi.advanceTimersByTime(60_000);
    await service.authorize(1, 7);
    expect(sql.reads).toBe(2);
  });

  it('keeps what it knows while SQL fails, and learns that a room is gone when SQL says so', async () => {
    const { sql, service } = setUp(async () => room());
    await service.authorize(1, 7);
    sql.answer = () => Promise.reject(new Error('gone'));
    vi.advanceTimersByTime(60_000);
    await service.authorize(1, 7);
    expect(await service.authorize(1, 7)).toMatchObject({ roomId: 7 });
    sql.answer = async () => null;
    vi.advanceTimersByTime(60_000);
    await service.authorize(1, 7);
    await expect(service.authorize(1, 7)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' });
    await expect(
      setUp(() => Promise.reject(new Error('gone'))).service.authorize(1, 7),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('reads again at thirty seconds, not before', async () => {
    const { sql, service } = setUp(async () => room());
    await service.authorize(1, 7);
    vi.advanceTimersByTime(29_999);
    await service.authorize(1, 7);
    expect(sql.reads).toBe(1);
    vi.advanceTimersByTime(1);
    await service.authorize(1, 7);
    expect(sql.reads).toBe(2);
    // What was read counts from now.
    await vi.advanceTimersByTimeAsync(29_999);
    await service.authorize(1, 7);
    expect(sql.reads).toBe(2);
  });

  it('answers from then on what was read again', async () => {
    const { sql, service } = setUp(async () => room('1:2'));
    await service.authorize(1, 7);
    sql.answer = async () => room('1:3');
    vi.advanceTimersByTime(30_000);
    await service.authorize(1, 7);
    await vi.advanceTimersByTimeAsync(0);
    await expect(service.authorize(2, 7)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' });
    expect(await service.authorize(3, 7)).toMatchObject({ users: [1, 3] });
  });

  it('tells rooms apart', async () => {
    const { sql, service } = setUp(async () => room());
    expect(await service.authorize(1, 7)).toMatchObject({ roomId: 7 });
    expect(await service.authorize(1, 8)).toMatchObject({ roomId: 8 });
    expect(sql.asked).toEqual([7, 8]);
    expect([service.knows(7), service.knows(8), service.knows(9)]).toEqual([true, true, false]);
  });

  it('knows what it was told to remember, as if it had read it just now', async () => {
    const { sql, service } = setUp(async () => room());
    const facts = { roomId: 7, kind: 'direct', users: [1, 2] } as const;
    expect(service.remember(facts)).toBe(facts);
    vi.advanceTimersByTime(29_999);
    expect(await service.authorize(2, 7)).toEqual(facts);
    await expect(service.authorize(3, 7)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' });
    expect(sql.reads).toBe(0);
  });

  it('forgets a room that is said to have changed, and all when it may have missed that', async () => {
    const { service, heard } = setUp(async () => room());
    await service.onModuleInit();
    for (const roomId of [7, 8, 9]) await service.authorize(1, roomId);
    heard.event?.({ roomId: 7 });
    expect([7, 8, 9].map((roomId) => service.knows(roomId))).toEqual([false, true, true]);
    await heard.subscribed?.();
    expect([7, 8, 9].map((roomId) => service.knows(roomId))).toEqual([false, false, false]);
  });

  // What was read before a change and answered after it was remembered for half a minute.
  it.each([
    'of another database',
    'after changes that it did not hear of',
    'after a change that it heard of',
  ])('forgets what was known %s, also what is being read', async (when) => {
    const { sql, service, heard } = setUp(async () => room());
    await service.onModuleInit();
    await service.authorize(1, 8);
    let answer: () => void = () => undefined;
    sql.answer = () => new Promise((resolve) => (answer = () => resolve(room())));
    const reading = service.authorize(1, 7);
    if (when === 'of another database') service.forgetAll();
    else if (when === 'after a change that it heard of') heard.event?.({ roomId: 7 });
    else await heard.subscribed?.();
    answer();
    await reading;
    expect(service.knows(7)).toBe(false);
    expect(service.knows(8)).toBe(when === 'after a change that it heard of');
    sql.answer = async () => room();
    await service.authorize(1, 7);
    expect(service.knows(7)).toBe(true);
  });
});
