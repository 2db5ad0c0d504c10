import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { expect, it, vi } from 'vitest';
import { AccountsService } from '../../accounts/accounts.service.js';
import { legacyNameKey } from '../../accounts/legacy-name-key.js';
import { PasswordHasher } from '../../accounts/password-hasher.js';
import { dataSourceOptions } from '../data-source-options.js';
import { describeSql, openSql, rawSql } from '../sql-databases.conformance.js';
import { InitialSchema1700000000000 } from './1700000000000-initial-schema.js';
import { WideIds1764000000000 } from './1764000000000-wide-ids.js';

const names = ['demo', 'dеmo', 'Straße', 'strasse', 'de\u034fmo', '\u3164', 'ﬁn', 'Anna  B', 'Вова', '小明'];

describeSql('the migration of name keys', (server) => {
  it('changes no name, reports collisions, and everybody still logs in', async () => {
    const url = await server.createDatabase();
    const password_hash = await new PasswordHasher({ memoryKib: 1_024, iterations: 2, parallelism: 1 }).hash(
      'secret1',
    );
    const before = new DataSource({
      ...dataSourceOptions(url),
      migrations: [InitialSchema1700000000000, WideIds1764000000000],
    });
    await before.initialize();
    await before.runMigrations();
    for (const [i, name] of names.entries())
      await before.query(
        'INSERT INTO users (id, name, name_key, password_hash, created_at) VALUES ($1, $2, $3, $4, 0)',
        [200 + i, name, legacyNameKey(name), password_hash],
      );
    await before.destroy();

    const warnings: unknown[] = [];
    vi.spyOn(Logger.prototype, 'warn').mockImplementation((...line) => void warnings.push(line));
    const accounts = (await openSql(url)).get(AccountsService);
    vi.restoreAllMocks();

    expect(warnings).toEqual([
      [{ userId: 201, sameKeyAs: undefined, sameLookAs: 200 }, 'account name collides'],
      [{ userId: 202, sameKeyAs: 203, sameLookAs: undefined }, 'account name collides'],
      [{ userId: 203, sameKeyAs: undefined, sameLookAs: 202 }, 'account name collides'],
      [{ userId: 204, sameKeyAs: 200, sameLookAs: 200 }, 'account name collides'],
      [{ userId: 205, sameKeyAs: 205, sameLookAs: 205 }, 'account name collides'],
      [{ collisions: 5 }, 'account names collide'],
    ]);
    const rows = await rawSql(url, 'SELECT name, name_key FROM users WHERE id >= 200 ORDER BY id');
    expect(rows.map(({ name }) => name)).toEqual(names);
    for (const [i, name] of names.entries())
      expect(await accounts.verify(name, 'secret1'), name).toMatchObject({ userId: 200 + i });
    for (const [name, id] of [
      ['ANNA B', 207],
      ['FIN', 206],
      ['STRASSE', 203],
      ['вова', 208],
    ] as const)
      expect(await accounts.verify(name, 'secret1'), name).toMatchObject({ userId: id });
    for (const name of [...names, 'DEMO', 'dеmо'])
      await expect(accounts.register(name, 'secret1'), name).rejects.toMatchObject({
        code: name === 'de\u034fmo' || name === '\u3164' ? 'INVALID' : 'NAME_TAKEN',
      });
  });
});
