import { AppError, limits, type RoomEvent } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GuestNamesService } from './guest-names.service.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const guest = { userId: 9, userName: 'Ada', roomId: 7 };

/** A guest in SQL, and what was told and ended. */
function world() {
  const session = { id: 's1', expiresAt: Date.now() + 60_000 };
  const row = { name: 'Ada', sessionId: 's1' };
  const told: [number, RoomEvent][] = [];
  const ended: [string, number][] = [];
  const refusals: { silent?: AppError; told?: AppError; taken?: AppError } = {};
  const refuse = (error: AppError | undefined) => {
    if (error) throw error;
  };
  const service = new GuestNamesService(
    {
      rename: async ({ name, session: { id, nextId } }) => {
        refuse(refusals.taken);
        if (id !== row.sessionId) throw new AppError('UNAUTHENTICATED');
        const before = row.name;
        Object.assign(row, { name, sessionId: nextId });
        return before;
      },
      hasSession: async (_userId, sessionId) => row.sessionId === sessionId,
    },
    {
      refuseSilent: async () => refuse(refusals.silent),
      tell: async (_from, roomId, event) => {
        refuse(refusals.told);
        told.push([roomId, event]);
        return {} as never;
      },
    },
    {
      issue: async (user, { sessionId = '', maxMs = 0 } = {}) => ({
        token: `${user.userName} ${sessionId}`,
        expiresAt: Date.now() + maxMs,
        sessionId,
      }),
    },
    { revoke: async (...of) => void ended.push(of) },
  );
  const rename = (name: string, from = guest) =>
    service.rename(from, { ...session, id: row.sessionId }, name).catch((error: AppError) => error.code);
  return { service, session, row, told, ended, refusals, rename };
}

describe('a guest who takes another name', () => {
  it('gets a session of that name, which ends when the one before would have; the room is told', async () => {
    const { rename, session, row, told } = world();
    expect(await rename(' Grace ')).toEqual({
      token: `Grace ${row.sessionId}`,
      expiresAt: session.expiresAt,
      user: { userId: 9, userName: 'Grace', role: 'guest' },
      roomId: 7,
    });
    expect(row.sessionId).not.toBe('s1');
    expect(told).toEqual([[7, { kind: 'rename', userId: 9, userName: 'Grace', from: 'Ada' }]]);
  });

  // He was logged out ten seconds later, with a name that nobody had a session for.
  it('gets the same session by a second try with the one of before, and the room is told once', async () => {
    const { service, session, row, told, ended } = world();
    const first = await service.rename(guest, session, 'Grace');
    expect(await service.rename(guest, session, ' Grace ')).toEqual(first);
    expect(first.token).toBe(`Grace ${row.sessionId}`);
    expect(told).toHaveLength(1);
    await expect(service.rename(guest, session, 'Eve')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await vi.advanceTimersByTimeAsync(limits.renamedSessionMs);
    expect(ended).toEqual([['s1', session.expiresAt]]);
  });

  it('has the session of before for as long as an answer takes, and no longer', async () => {
    const { rename, ended, session } = world();
    await rename('Grace');
    await vi.advanceTimersByTimeAsync(limits.renamedSessionMs - 1);
    expect(ended).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toEqual([['s1', session.expiresAt]]);
  });

  it('has lost it at once when this process stops', async () => {
    const { rename, ended, service } = world();
    await rename('Grace');
    await service.beforeApplicationShutdown();
    expect(ended).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(limits.renamedSessionMs);
    expect(ended).toHaveLength(1);
  });

  it('keeps his name when it is none, is taken, or when he may not speak', async () => {
    const { rename, row, told, ended, refusals } = world();
    expect(await rename('\u200b')).toBe('INVALID');
    refusals.taken = new AppError('NAME_TAKEN');
    expect(await rename('Bob')).toBe('NAME_TAKEN');
    refusals.silent = new AppError('MUTED');
    expect(await rename('Bob')).toBe('MUTED');
    await vi.advanceTimersByTimeAsync(limits.renamedSessionMs);
    expect([row.name, row.sessionId, told, ended]).toEqual(['Ada', 's1', [], []]);
  });

  it('keeps his name, and his session, when the room cannot be told', async () => {
    const { rename, row, ended, refusals } = world();
    refusals.told = new AppError('UNAVAILABLE');
    expect(await rename('Grace')).toBe('UNAVAILABLE');
    expect(row).toEqual({ name: 'Ada', sessionId: 's1' });
    await vi.advanceTimersByTimeAsync(limits.renamedSessionMs);
    expect(ended).toEqual([]);
  });

  it('may do so three times at once, then once a minute', async () => {
    const { rename, told } = world();
    for (const name of ['B', 'C', 'D']) await rename(name);
    expect(await rename('E')).toBe('RATE_LIMITED');
    expect(await rename('F', { ...guest, userId: 10 })).toMatchObject({ user: { userId: 10 } });
    await vi.advanceTimersByTimeAsync(60_000);
    await rename('E');
    expect(told).toHaveLength(5);
  });
});
