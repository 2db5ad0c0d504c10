import { demoAccounts } from '@parley/config';
import { AppError } from '@parley/protocol';
import { expect, it } from 'vitest';
import { describeSql, openSql, rawSql } from '../database/sql-databases.conformance.js';
import { AccountsService } from './accounts.service.js';
import { PasswordHasher } from './password-hasher.js';

describeSql('AccountsService', (server) => {
  const open = async () => {
    const url = await server.createDatabase();
    return { url, accounts: (await openSql(url)).get(AccountsService) };
  };
  const code = (promise: Promise<unknown>) =>
    promise.then(
      () => 'ok',
      (error: unknown) => (error instanceof AppError ? error.code : String(error)),
    );

  it('registers, checks the password, and finds by id', async () => {
    const { url, accounts } = await open();
    const user = await accounts.register(' 小明 ', 'correct horse');
    expect(user).toEqual({ userId: expect.any(Number) as number, userName: '小明', role: 'user' });
    expect(await accounts.verify('小明', 'correct horse')).toEqual(user);
    expect(await accounts.findByIds([user.userId, 12_345])).toEqual([user]);
    expect(await accounts.findByIds([])).toEqual([]);
    const [row] = await rawSql(url, 'SELECT password_hash FROM users');
    expect(row?.['password_hash']).toMatch(/^\$argon2id\$/);
  });

  it('answers a wrong password and an unknown user alike', async () => {
    const { accounts } = await open();
    await accounts.register('anna', 'correct horse');
    expect(await code(accounts.verify('anna', 'wrong horse'))).toBe('BAD_CREDENTIALS');
    expect(await code(accounts.verify('nobody', 'correct horse'))).toBe('BAD_CREDENTIALS');
    expect(await code(accounts.verify('', ''))).toBe('BAD_CREDENTIALS');
    expect(await code(accounts.verify('anna', 'x'.repeat(100_000)))).toBe('BAD_CREDENTIALS');
  });

  // Whoever went from trying it out to using it, on the same database, let everybody in.
  it('lets nobody in by a demo account where there are none, and those in again who have them', async () => {
    const { ids, password } = demoAccounts;
    const url = await server.createDatabase();
    const verify = async (demo: boolean) => {
      const app = await openSql(url, { demo });
      await app.init();
      const accounts = app.get(AccountsService);
      return Promise.all(Object.keys(ids).map((name) => code(accounts.verify(name, password))));
    };
    expect(await verify(true)).toEqual(Array(4).fill('ok'));
    expect(await verify(false)).toEqual(Array(4).fill('BAD_CREDENTIALS'));
    expect(await verify(true)).toEqual(Array(4).fill('ok'));
  });

  it('takes a name once, whatever its case and form', async () => {
    const { accounts } = await open();
    await accounts.register('Ångström', 'secret1');
    for (const name of ['ångström', 'ÅNGSTRÖM', 'A\u030angstro\u0308m', 'Ångströｍ'])
      expect(await code(accounts.register(name, 'secret1'))).toBe('NAME_TAKEN');
    expect(await accounts.verify('ÅNGSTRÖM', 'secret1')).toMatchObject({ userName: 'Ångström' });
  });

  // A zero-width space, a filler or a Cyrillic letter made a second account that nobody could tell from the first.
  it('takes a name once, whatever it looks like', async () => {
    const { accounts } = await open();
    await accounts.register('paypal', 'secret1');
    await accounts.register('Вова', 'secret1');
    for (const name of [
      'pаypal',
      'paypaI',
      'PАУPAL',
      'рaураl',
      'ｐａｙｐａｌ',
      '𝐩𝐚𝐲𝐩𝐚𝐥',
      'pa\u0443pal',
      'вова',
      'Bова',
    ])
      expect(await code(accounts.register(name, 'secret1')), name).toBe('NAME_TAKEN');
    for (const name of [
      'pay\u200bpal',
      'paypal\u3164',
      'paypal\u2800',
      'paypal\u034f',
      'pay\u00adpal',
      '\u200b',
      '\ufe0f',
    ])
      expect(await code(accounts.register(name, 'secret1')), name).toBe('INVALID');
    for (const name of ['paypa', 'pay pal', 'Vova', '👩‍💻 Dev', '🏳️‍🌈', 'می‌خواهم'])
      expect(await code(accounts.register(name, 'secret1')), name).toBe('ok');
    expect(await accounts.verify('вОВА', 'secret1')).toMatchObject({ userName: 'Вова' });
    expect(await accounts.verify(' pay\u200bpal ', 'secret1')).toMatchObject({ userName: 'paypal' });
    expect(await accounts.verify('میخواهم', 'secret1')).toMatchObject({ userName: 'می‌خواهم' });
  });

  it('keeps look-alikes out also when they come at once', async () => {
    const { url, accounts } = await open();
    const other = (await openSql(url)).get(AccountsService);
    const names = ['paypal', 'pаypal', 'paypaI', 'pаypaI'];
    const codes = await Promise.all(
      names.map((name, i) => code((i % 2 ? accounts : other).register(name, 'secret1'))),
    );
    expect(codes.sort()).toEqual(['NAME_TAKEN', 'NAME_TAKEN', 'NAME_TAKEN', 'ok']);
  });

  // Set on one machine and typed on another, a password with an accent was wrong.
  it('compares passwords composed, and still takes those that were hashed as typed', async () => {
    const { url, accounts } = await open();
    await accounts.register('anna', 'pa\u0308ssw\u00f6rt\u00a0x');
    for (const typed of ['p\u00e4ssw\u00f6rt x', 'pa\u0308sswo\u0308rt\u3000x', 'p\u00e4ssw\u00f6rt\u00a0x'])
      expect(await code(accounts.verify('anna', typed))).toBe('ok');
    expect(await code(accounts.verify('anna', 'passwort x'))).toBe('BAD_CREDENTIALS');
    const typedOnce = 'pa\u0308ssword';
    const hash = await new PasswordHasher({ memoryKib: 1_024, iterations: 2, parallelism: 1 }).hash(
      typedOnce,
    );
    await rawSql(url, `UPDATE users SET password_hash = '${hash}' WHERE name = 'anna'`);
    expect(await code(accounts.verify('anna', typedOnce))).toBe('ok');
    expect(await code(accounts.verify('anna', 'p\u00e4ssw0rd'))).toBe('BAD_CREDENTIALS');
  });

  // Postgres refuses NUL: log-in was answered INTERNAL.
  it.each(['anna\0', '\0', '\ud800', 'anna\udfff'])('knows nobody called %j', async (name) => {
    const { accounts } = await open();
    await accounts.register('anna', 'secret1');
    expect(await code(accounts.verify(name, 'secret1'))).toBe('BAD_CREDENTIALS');
    expect(await code(accounts.verify('anna', 'secret1\0'))).toBe('BAD_CREDENTIALS');
  });

  it('lets one of many registrations of a name at once through, also over two instances', async () => {
    const { url, accounts } = await open();
    const other = (await openSql(url)).get(AccountsService);
    const codes = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        code((i % 2 ? accounts : other).register(i % 3 ? 'Demo' : 'demo', 'secret1')),
      ),
    );
    expect(codes.filter((c) => c === 'ok')).toHaveLength(1);
    expect(codes.filter((c) => c === 'NAME_TAKEN')).toHaveLength(7);
  });

  it('names the fields that are wrong', async () => {
    const { accounts } = await open();
    const refused = (name: string, password: string) =>
      accounts.register(name, password).then(
        () => 'ok',
        (error: AppError) => ({ code: error.code, fields: error.fields }),
      );
    expect(await refused('', '12345')).toEqual({ code: 'INVALID', fields: ['userName', 'password'] });
    expect(await refused('x'.repeat(33), '123456')).toEqual({ code: 'INVALID', fields: ['userName'] });
    expect(await refused('x', 'p'.repeat(257))).toEqual({ code: 'INVALID', fields: ['password'] });
    // Half a surrogate pair does not survive UTF-8: the owner could not log in under the stored name.
    expect(await refused('x\ud800', '123456')).toEqual({ code: 'INVALID', fields: ['userName'] });
    expect(await refused('x'.repeat(32), 'p'.repeat(256))).toBe('ok');
  });
});
