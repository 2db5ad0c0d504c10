import { JwtService } from '@nestjs/jwt';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { TokenService } from './token.service.js';

const jwt = new JwtService({ secret: 'a secret of the tests, nothing else' });
const user = { userId: 3, userName: 'ada', role: 'admin' as const };
const TTL_MS = 60_000;

describe('TokenService', () => {
  it('says who it is, of which database, in which session, and until when', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_764_000_000_900 });
    onTestFinished(() => void vi.useRealTimers());
    const { token, expiresAt, sessionId } = await new TokenService(jwt, TTL_MS, { current: 'life' }).issue(
      user,
    );
    expect(jwt.verify(token)).toEqual({
      sub: '3',
      name: 'ada',
      role: 'admin',
      sid: sessionId,
      db: 'life',
      iat: 1_764_000_000,
      exp: 1_764_000_060,
    });
    // What the caller is told is what the token says: whole seconds, never later than its life.
    expect(expiresAt).toBe(1_764_000_060_000);
  });

  it('of a guest names the room, and lasts as long as a guest may stay, or sessions last', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_764_000_000_000 });
    onTestFinished(() => void vi.useRealTimers());
    const tokens = new TokenService(jwt, TTL_MS);
    const guest = { userId: 9, userName: 'Ada', role: 'guest' as const };
    const short = await tokens.issue(guest, { sessionId: 's9', roomId: 7, maxMs: 30_000 });
    expect(jwt.decode<object>(short.token)).toMatchObject({ role: 'guest', room: 7, sid: 's9' });
    expect(short).toMatchObject({ sessionId: 's9', expiresAt: 1_764_000_030_000 });
    expect((await tokens.issue(guest, { maxMs: 90_000 })).expiresAt).toBe(1_764_000_060_000);
  });

  it('is of a new session each time', async () => {
    const tokens = new TokenService(jwt, TTL_MS, { current: 'life' });
    const [one, two] = [await tokens.issue(user), await tokens.issue(user)];
    expect(one.sessionId).not.toBe(two.sessionId);
    expect(one.token).not.toBe(two.token);
  });

  it('names the database in force when it is issued, and none that nobody knows', async () => {
    const life: { current: string | undefined } = { current: undefined };
    const tokens = new TokenService(jwt, TTL_MS, life);
    expect(jwt.decode<object>((await tokens.issue(user)).token)).not.toHaveProperty('db');
    life.current = 'another';
    expect(jwt.decode<object>((await tokens.issue(user)).token)).toMatchObject({ db: 'another' });
    expect(jwt.decode<object>((await new TokenService(jwt, TTL_MS).issue(user)).token)).not.toHaveProperty(
      'db',
    );
  });
});
