import { missingPostgres, startPostgres } from '@parley/testing';

/**
 * Vitest's global set-up: one Postgres for all files, where nobody has named one and there is one on this machine.
 *
 * @returns What ends it; undefined where nothing was started.
 */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env['PARLEY_TEST_POSTGRES_URL'] !== undefined || missingPostgres() !== undefined)
    return undefined;
  const { url, stop } = await startPostgres();
  process.env['PARLEY_TEST_POSTGRES_URL'] = url;
  return stop;
}
