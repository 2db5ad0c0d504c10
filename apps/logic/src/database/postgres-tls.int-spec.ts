import {
  makeAuthority,
  missingPostgres,
  startPostgres,
  type PostgresHarness,
  type TestAuthority,
} from '@parley/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from './open-database.js';

const missing = missingPostgres();

describe.skipIf(missing !== undefined)('Postgres over TLS', () => {
  let authority: TestAuthority;
  let other: TestAuthority;
  let server: PostgresHarness;
  beforeAll(async () => {
    [authority, other] = await Promise.all([makeAuthority(), makeAuthority('another')]);
    server = await startPostgres({ tls: await authority.issue({ hosts: ['localhost'] }) });
  });
  afterAll(async () => {
    await server?.stop();
    authority?.remove();
    other?.remove();
  });
  const urlAt = (host: string, query = '') => `postgres://postgres@${host}:${server.port}/postgres${query}`;

  it('is used by every connection, whatever the URL says of it', async () => {
    for (const query of ['', '?sslmode=require']) {
      const dataSource = await openDatabase(urlAt('localhost', query), authority.caFile);
      const rows: { ssl: boolean }[] = await dataSource.query(
        `SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'parley-logic'`,
      );
      expect(rows.length).toBeGreaterThan(0);
      expect(rows.every(({ ssl }) => ssl)).toBe(true);
      await dataSource.destroy();
    }
  });

  it('may be told in the URL alone', async () => {
    const query = `?sslmode=verify-full&sslrootcert=${encodeURIComponent(authority.caFile)}`;
    await (await openDatabase(urlAt('localhost', query))).destroy();
  });

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'of another authority',
      () => openDatabase(urlAt('localhost'), other.caFile),
      'Postgres is refused: its certificate is not from an authority',
    ],
    [
      'for another name',
      () => openDatabase(urlAt('127.0.0.1'), authority.caFile),
      'Postgres is refused: its certificate is for another name',
    ],
    [
      'of none that the system knows',
      () => openDatabase(urlAt('localhost', '?sslmode=verify-full')),
      'Postgres is refused: its certificate is not from an authority',
    ],
  ])('is refused with a certificate %s', async (_, open, why) => {
    await expect(open()).rejects.toThrow(why);
  });

  it('is refused where the server does not speak it', async () => {
    const plain = await startPostgres();
    const url = `postgres://postgres@localhost:${plain.port}/postgres`;
    await expect(openDatabase(url, authority.caFile)).rejects.toThrow(
      'Postgres is refused: it does not speak TLS',
    );
    await plain.stop();
  });
});
