import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DataSource } from 'typeorm';
import { isSqlite } from './open-database.js';

/** Types of file systems that are on another machine, as Linux's `statfs` tells them. @see statfs(2) */
const networkFileSystems: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xfe534d42: 'SMB',
  0xff534d42: 'CIFS',
  0x00c36400: 'Ceph',
  0x0bd00bd0: 'Lustre',
  0x5346414f: 'AFS',
  0x01021997: '9p',
};

/** Postgres's settings without which a commit is not kept. `local` and the `remote_…` of the second are kept here, too. */
const postgresSettings = ['fsync', 'synchronous_commit'] as const;

/**
 * Why this database may lose what it has committed, each with the line that mends it.
 *
 * @param fileSystemType - Of the folder of a SQLite file; for tests.
 * @returns Empty when nothing is missing.
 */
export async function sqlDurabilityProblems(
  dataSource: Pick<DataSource, 'options' | 'query'>,
  fileSystemType: (folder: string) => Promise<number> = async (folder) => (await statfs(folder)).type,
): Promise<string[]> {
  if (isSqlite(dataSource)) {
    const type = await fileSystemType(dirname(String(dataSource.options.database)));
    const name = networkFileSystems[type];
    if (name === undefined) return [];
    return [
      `The SQLite file is on ${name}: its write-ahead log works on one machine's own disk only. ` +
        'Set PARLEY_DATA_DIR to a folder on such a disk, or PARLEY_DATABASE_URL=postgres://…',
    ];
  }
  const rows: { name: string; setting: string }[] = await dataSource.query(
    'SELECT name, setting FROM pg_settings WHERE name = ANY($1)',
    [postgresSettings],
  );
  return rows
    .filter(({ setting }) => setting === 'off')
    .map(
      ({ name }) =>
        `Postgres runs with ${name}=off: what it has committed may be gone after a crash, and Redis keeps no message that is archived. ` +
        `As its superuser: ALTER SYSTEM SET ${name} = on; SELECT pg_reload_conf();`,
    );
}
