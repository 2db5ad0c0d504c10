import { Secret } from '@parley/config';
import { expect, it, vi } from 'vitest';
import { describeSql, openSql } from '../database/sql-databases.conformance.js';
import { AccountsService } from './accounts.service.js';
import { FirstAdminService } from './first-admin.service.js';

describeSql('the first admin', (server) => {
  const open = async () => (await openSql(await server.createDatabase())).get(AccountsService);
  const start = async (accounts: AccountsService, name: string, password?: string) => {
    const errors = vi.fn();
    const admin = { name, password: password === undefined ? undefined : new Secret(password) };
    await new FirstAdminService(admin, accounts, errors).onModuleInit();
    return errors;
  };

  it('is made once, also by two processes at the same time', async () => {
    const accounts = await open();
    await Promise.all([start(accounts, 'admin', 'correct horse'), start(accounts, 'admin', 'correct horse')]);
    expect(await accounts.verify('admin', 'correct horse')).toEqual({
      userId: 1,
      userName: 'admin',
      role: 'admin',
    });
  });

  it('is not made without a password', async () => {
    const accounts = await open();
    await start(accounts, 'admin');
    expect(await accounts.findByIds([1])).toEqual([]);
  });

  it('stays as it is when the setting changes', async () => {
    const accounts = await open();
    await start(accounts, 'admin', 'correct horse');
    const errors = await start(accounts, 'root', 'another horse');
    expect(await accounts.verify('admin', 'correct horse')).toMatchObject({ userId: 1 });
    await expect(accounts.verify('root', 'another horse')).rejects.toMatchObject({ code: 'BAD_CREDENTIALS' });
    expect(errors).not.toHaveBeenCalled();
  });

  it('takes no account away from who has the name, and the log says what to set', async () => {
    const accounts = await open();
    const first = await accounts.register('Admin', 'secret1');
    const errors = await start(accounts, 'admin', 'correct horse');
    expect(await accounts.verify('admin', 'secret1')).toEqual(first);
    expect(String(errors.mock.calls[0]?.[0])).toContain('PARLEY_FIRST_ADMIN_NAME');
    await start(accounts, 'root', 'correct horse');
    expect(await accounts.verify('root', 'correct horse')).toMatchObject({ role: 'admin' });
  });
});
