import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Account, type AccountServer } from './account.js';
import type { Session } from './stored-session.js';

const session = (userId: number, role: 'user' | 'guest' = 'user'): Session =>
  ({
    token: `t${userId}`,
    expiresAt: 9e12,
    user: { userId, userName: `u${userId}`, role },
    ...(role === 'guest' && { roomId: 1 }),
  }) as Session;
beforeEach(() => {
  const stored = new Map<string, string>();
  vi.stubGlobal('window', {
    addEventListener: () => undefined,
    localStorage: {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
      removeItem: (key: string) => stored.delete(key),
    },
  });
});
afterEach(() => vi.unstubAllGlobals());
const later = () => {
  let resolve!: (s: Session) => void;
  const promise = new Promise<Session>((r) => (resolve = r));
  return { promise, resolve };
};

it('lets nobody in as a guest who has logged in since, and ends the session that nobody has', async () => {
  const entered = later();
  const logout = vi.fn(async () => undefined);
  const account = new Account(
    async () =>
      ({ enter: () => entered.promise, login: async () => session(7), logout }) as unknown as AccountServer,
  );
  const entering = account.enter('invite', 'Ada', 'Room');
  await account.login('u7', 'secret');
  expect(account.state.get().session?.user.userId).toBe(7);
  entered.resolve(session(99, 'guest'));
  expect(await entering).toBe(false);
  expect(account.state.get().session?.user.userId).toBe(7);
  expect(logout).toHaveBeenCalledExactlyOnceWith(session(99, 'guest'));
});

it.each(['login', 'register'] as const)(
  'does not take a %s that is answered after another log-in',
  async (how) => {
    const slow = later();
    const logout = vi.fn(async () => undefined);
    const server = { login: async () => session(7), logout } as unknown as AccountServer;
    const servers = [{ ...server, [how]: () => slow.promise }, server];
    const account = new Account(async () => servers.shift() ?? server);
    const coming = account[how]('slow', 'x');
    await account.login('u7', 'secret');
    slow.resolve(session(8));
    await coming;
    expect(account.state.get().session?.user.userId).toBe(7);
    expect(logout).toHaveBeenCalledExactlyOnceWith(session(8));
  },
);

// A guest was asked to log in again, without an account.
it("says of a session that ends whose it was, a guest's or somebody's who can log in again", async () => {
  for (const [role, told] of [
    ['user', 'revoked'],
    ['guest', 'guest'],
  ] as const) {
    const account = new Account(
      async () => ({ login: async () => session(7, role) }) as unknown as AccountServer,
    );
    await account.login('u7', 'secret');
    account.end(account.state.get().session!, 'revoked');
    expect(account.state.get()).toEqual({ session: undefined, ended: told });
  }
});
