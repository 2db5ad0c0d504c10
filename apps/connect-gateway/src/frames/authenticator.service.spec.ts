import { digestOf } from '@parley/service-host';
import { describe, expect, it } from 'vitest';
import { setUpAuthenticator as setUp } from '../testing/authenticator.fixture.js';

describe('connections of one user', () => {
  it('are taken up to the bound; another user has as many', async () => {
    const { authenticator, index, open } = setUp();
    const all = [open(), open(), open()];
    for (const connection of all) await authenticator.identify(connection, '1 s 100');
    await expect(authenticator.identify(open(), '1 s 100')).rejects.toMatchObject({
      code: 'TOO_MANY_CONNECTIONS',
      spec: { closeCode: 4005, retryable: true },
    });
    await authenticator.identify(open(), '2 s2 100');
    index.remove(all[0]!);
    await authenticator.identify(open(), '1 s 100');
  });
});

// The connection of somebody who had logged in again ended with the first log-in's token.
describe('a newer token on a connection', () => {
  it('extends it, and it ends with either session', async () => {
    for (const ended of ['first', 'second']) {
      const { authenticator, open, revoke } = setUp();
      const connection = open();
      await authenticator.identify(connection, '1 first 100');
      await authenticator.identify(connection, '1 second 200');
      expect(connection.identity).toMatchObject({ userId: 1, expiresAt: 200 });
      revoke(ended);
      expect(connection.closes).toMatchObject([{ reason: 'SESSION_REVOKED' }]);
    }
  });

  it('counts when it ends later and is of the same user', async () => {
    const { authenticator, open } = setUp();
    const connection = open();
    await authenticator.identify(connection, '1 first 100');
    for (const token of ['1 earlier 50', '1 same 100', '2 other 900'])
      await authenticator.identify(connection, token);
    expect(connection).toMatchObject({
      tokenDigest: digestOf('1 first 100'),
      sessionIds: ['first'],
    });
    expect(connection.identity?.expiresAt).toBe(100);
    await expect(authenticator.identify(connection, 'nonsense')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    expect(connection.closes).toEqual([]);
  });

  it('takes the place of the one before: a connection has two sessions at most, and leaves none behind', async () => {
    const { authenticator, index, open, revoke } = setUp();
    const connection = open();
    for (const [i, session] of ['a', 'b', 'c', 'd'].entries())
      await authenticator.identify(connection, `1 ${session} ${i + 1}`);
    expect(connection.sessionIds).toEqual(['a', 'd']);
    revoke('b');
    expect(connection.closes).toEqual([]);
    index.remove(connection);
    for (const session of ['a', 'b', 'c', 'd']) expect(index.ofSession(session).size).toBe(0);
  });
});

describe('a connection of another database', () => {
  // Its user is somebody else there, or nobody.
  it('is closed when Redis comes to belong to that one; others stay', async () => {
    const { authenticator, open, switchTo } = setUp();
    const [old, strange, unnamed] = [open(), open(), open()];
    await authenticator.identify(old, '1 s1 100 a');
    await authenticator.identify(strange, '2 s2 100 b');
    await authenticator.identify(unnamed, '3 s3 100');
    const nobody = open();
    switchTo('b');
    expect(nobody.closes).toEqual([]);
    expect(old.closes).toMatchObject([{ code: 4500, reason: 'UNAUTHENTICATED' }]);
    expect([...strange.closes, ...unnamed.closes]).toEqual([]);
  });
});
