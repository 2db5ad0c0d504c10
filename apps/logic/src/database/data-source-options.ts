import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DataSourceOptions } from 'typeorm';
import { InitialSchema1700000000000 } from './migrations/1700000000000-initial-schema.js';
import { MessageEntity } from './message.entity.js';
import { RoomEntity } from './room.entity.js';
import { UserEntity } from './user.entity.js';

/** How long a statement waits for another process's write lock, milliseconds. */
const BUSY_TIMEOUT_MS = 10_000;

/**
 * TypeORM's options for a database URL: `sqlite:<path>` or `postgres://…`.
 *
 * SQLite runs with a write-ahead log and `synchronous = NORMAL`: a power cut may take back the last commits, and they
 * come again from Redis, whose streams keep a message until the archive has confirmed it.
 */
export function dataSourceOptions(url: string): DataSourceOptions {
  const shared = {
    entities: [UserEntity, RoomEntity, MessageEntity],
    migrations: [InitialSchema1700000000000],
    migrationsTableName: 'schema_migrations',
    synchronize: false,
  };
  if (!url.startsWith('sqlite:')) return { type: 'postgres', url, ...shared };
  const database = url.slice('sqlite:'.length);
  if (database !== ':memory:') mkdirSync(dirname(database), { recursive: true });
  return {
    type: 'sqlite',
    database,
    enableWAL: true,
    busyTimeout: BUSY_TIMEOUT_MS,
    busyErrorRetry: 200,
    ...shared,
  };
}
