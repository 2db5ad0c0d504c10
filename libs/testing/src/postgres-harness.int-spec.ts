import { existsSync } from 'node:fs';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually, missingPostgres, startPostgres } from './index.js';

const missing = missingPostgres();

/** Skipped by name where there is no Postgres. */
describe.skipIf(missing !== undefined)(`startPostgres${missing ? ` (skipped: ${missing})` : ''}`, () => {
  async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  it('keeps what was committed through kill and restart, on the same port, and leaves no data behind', async () => {
    const server = await startPostgres();
    onTestFinished(() => server.stop());
    await query(server.url, 'CREATE TABLE kept (n integer); INSERT INTO kept VALUES (7)');
    const [{ dir } = { dir: '' }] = await query(
      server.url,
      `SELECT current_setting('data_directory') AS dir`,
    );
    await server.kill();
    await expect(query(server.url, 'SELECT 1')).rejects.toThrow();
    await server.restart();
    expect(await eventually(() => query(server.url, 'SELECT n FROM kept'))).toEqual([{ n: 7 }]);
    await server.stop();
    expect(existsSync(String(dir))).toBe(false);
  });
});
