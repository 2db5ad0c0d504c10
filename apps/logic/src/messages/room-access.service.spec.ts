import type { EventBus } from '@parley/redis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RoomsRepository } from '../rooms/rooms.repository.js';
import { stub } from '../testing/stub.js';
import { RoomAccessService } from './room-access.service.js';

type Room = NonNullable<Awaited<ReturnType<RoomsRepository['get']>>>;

const room = (directKey: string | null = null): Room =>
  stub<Room>('Room', { kind: directKey === null ? 'room' : 'direct', directKey });

describe('RoomAccessService', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** What SQL answers next, and how often it was asked. */
  function setUp(answer: () => Promise<Room | null>) {
    const sql = { answer, reads: 0 };
    const service = new RoomAccessService(
      stub<RoomsRepository>('RoomsRepository', {
        get: (() => {
          sql.reads++;
          return sql.answer();
        }) as RoomsRepository['get'],
      }),
      stub<EventBus>('EventBus', {}),
    );
    return { sql, service };
  }

  it('asks SQL once for a room, however many ask for it', async () => {
    const { sql, service } = setUp(async () => room());
    for (let i = 0; i < 5; i++)
      expect(await service.authorize(1, 7)).toEqual({ roomId: 7, kind: 'room', users: undefined });
    expect(sql.reads).toBe(1);
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
});
