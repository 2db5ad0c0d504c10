import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { expect, it } from 'vitest';
import { describeSql, openSql, rawSql } from './sql-databases.conformance.js';
import { sqlDurabilityProblems } from './sql-durability.js';

describeSql('durability of a database', (server) => {
  const open = async (url: string) => (await openSql(url)).get<DataSource>(getDataSourceToken());

  if (server.kind === 'sqlite') {
    it('has nothing against a file on this machine', async () => {
      expect(await sqlDurabilityProblems(await open(await server.createDatabase()))).toEqual([]);
    });

    it.each([
      ['NFS', 0x6969],
      ['CIFS', 0xff534d42],
    ])('refuses a file on %s, and says where it may be', async (name, type) => {
      const problems = await sqlDurabilityProblems(
        await open(await server.createDatabase()),
        async () => type,
      );
      expect(problems).toEqual([expect.stringMatching(`${name}.*PARLEY_DATA_DIR.*PARLEY_DATABASE_URL`)]);
    });
  } else {
    it('refuses a server that commits without its disk, and says what to set', async () => {
      const url = await server.createDatabase();
      const before = await sqlDurabilityProblems(await open(url));
      await rawSql(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET synchronous_commit = off`);
      const after = await sqlDurabilityProblems(await open(url));
      expect(after.filter((problem) => !before.includes(problem))).toEqual([
        expect.stringContaining('ALTER SYSTEM SET synchronous_commit = on'),
      ]);
    });
  }
});
