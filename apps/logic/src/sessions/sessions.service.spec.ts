import { AppError } from '@parley/protocol';
import type { RevocationList } from '@parley/redis';
import { describe, expect, it, vi } from 'vitest';
import type { AccountsService } from '../accounts/accounts.service.js';
import type { GuestsRepository } from '../door/guests.repository.js';
import type { TokenService } from '../accounts/token.service.js';
import { stub } from '../testing/stub.js';
import { SessionsService } from './sessions.service.js';

const ada = { userId: 3, userName: 'ada', role: 'admin' as const };

function setUp() {
  const register = vi.fn<AccountsService['register']>(async () => ada);
  const verify = vi.fn<AccountsService['verify']>(async () => ada);
  const issue = vi.fn<TokenService['issue']>(async ({ userName }) => ({
    token: `token of ${userName}`,
    expiresAt: 99,
    sessionId: 's1',
  }));
  const revoke = vi.fn<RevocationList['revoke']>(async () => undefined);
  const ended = vi.fn<GuestsRepository['ended']>(async () => undefined);
  const sessions = new SessionsService(
    stub<AccountsService>('AccountsService', { register, verify }),
    stub<TokenService>('TokenService', { issue }),
    stub<RevocationList>('RevocationList', { revoke }),
    stub<GuestsRepository>('GuestsRepository', { ended }),
  );
  return { sessions, register, verify, issue, revoke, ended };
}
const session = { token: 'token of ada', expiresAt: 99, user: ada };

describe('SessionsService', () => {
  it('opens a session for whoever knows the password', async () => {
    const { sessions, register, verify, issue } = setUp();
    expect(await sessions.login('ada', 'secret')).toEqual(session);
    expect(verify.mock.calls).toEqual([['ada', 'secret']]);
    expect(register).not.toHaveBeenCalled();
    expect(issue.mock.calls).toEqual([[ada]]);
  });

  it('opens one for a new user', async () => {
    const { sessions, register, verify } = setUp();
    expect(await sessions.register('ada', 'secret')).toEqual(session);
    expect(register.mock.calls).toEqual([['ada', 'secret']]);
    expect(verify).not.toHaveBeenCalled();
  });

  it('opens none for anybody else, and says why', async () => {
    const { sessions, register, verify, issue } = setUp();
    verify.mockRejectedValueOnce(new AppError('BAD_CREDENTIALS'));
    await expect(sessions.login('ada', 'wrong')).rejects.toMatchObject({ code: 'BAD_CREDENTIALS' });
    register.mockRejectedValueOnce(new AppError('NAME_TAKEN'));
    await expect(sessions.register('ada', 'secret')).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    expect(issue).not.toHaveBeenCalled();
  });

  it('ends a session for as long as its token would live, and fails when that is not known everywhere', async () => {
    const { sessions, revoke } = setUp();
    await sessions.logout(3, 's1', 12_345);
    expect(revoke.mock.calls).toEqual([['s1', 12_345]]);
    revoke.mockRejectedValueOnce(new Error('Redis is away'));
    await expect(sessions.logout(3, 's1', 12_345)).rejects.toThrow('Redis is away');
  });

  it('ends one whether or not a name can be given back', async () => {
    const { sessions, revoke, ended } = setUp();
    ended.mockRejectedValueOnce(new Error('SQL is away'));
    await sessions.logout(3, 's1', 12_345);
    expect(ended.mock.calls).toEqual([['s1', 3]]);
    expect(revoke).toHaveBeenCalledTimes(1);
  });
});
