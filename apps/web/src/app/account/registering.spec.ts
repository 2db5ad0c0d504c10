import { ApiError } from '@parley/client';
import { expect, it } from 'vitest';
import { registering } from './registering.js';

const session = (userName: string) => ({
  token: `of ${userName}`,
  expiresAt: 9,
  user: { userId: 7, userName, role: 'user' as const },
});

/** A server that has made these accounts: name to password. Its answers are lost while `isSilent`. */
function setUp(accounts: Record<string, string> = {}) {
  const line = { isSilent: false };
  const answer = (userName: string) => {
    if (line.isSilent) throw new ApiError(0, 'NETWORK', true);
    return session(userName);
  };
  const register = registering({
    register: async (userName, password) => {
      if (accounts[userName] !== undefined) throw new ApiError(409, 'NAME_TAKEN', false);
      accounts[userName] = password;
      return answer(userName);
    },
    login: async (userName, password) => {
      if (accounts[userName] !== password) throw new ApiError(401, 'BAD_CREDENTIALS', false);
      return answer(userName);
    },
  });
  return { register, line };
}

// The second try said that the name was taken.
it('goes on with the account that was made when the answer was lost', async () => {
  const { register, line } = setUp();
  line.isSilent = true;
  await expect(register('ana', 'secret')).rejects.toMatchObject({ code: 'NETWORK' });
  line.isSilent = false;
  expect(await register('ana', 'secret')).toEqual(session('ana'));
});

it('says that a name is taken that somebody else has', async () => {
  const { register, line } = setUp({ bo: 'hers' });
  await expect(register('bo', 'hers')).rejects.toMatchObject({ code: 'NAME_TAKEN' });
  line.isSilent = true;
  await expect(register('ana', 'secret')).rejects.toMatchObject({ code: 'NETWORK' });
  line.isSilent = false;
  await expect(register('ana', 'another')).rejects.toMatchObject({ code: 'NAME_TAKEN' });
  await expect(register('bo', 'hers')).rejects.toMatchObject({ code: 'NAME_TAKEN' });
});
