import sqlite3 from 'sqlite3';
import type { DataSourceOptions } from 'typeorm';
import { InitialSchema1700000000000 } from './migrations/1700000000000-initial-schema.js';
import { WideIds1764000000000 } from './migrations/1764000000000-wide-ids.js';
import { ParkedRooms1764500000000 } from './migrations/1764500000000-parked-rooms.js';
import { DatabaseLife1764600000000 } from './migrations/1764600000000-database-life.js';
import { Acts1764800000000 } from './migrations/1764800000000-acts.js';
import { Door1764900000000 } from './migrations/1764900000000-door.js';
import { Lobby1765200000000 } from './migrations/1765200000000-lobby.js';
import { SentInOrder1765300000000 } from './migrations/1765300000000-sent-in-order.js';
import { MadeOnce1765400000000 } from './migrations/1765400000000-made-once.js';
import { PrivateRooms1765000000000 } from './migrations/1765000000000-private-rooms.js';
import { RoomsByPerson1765100000000 } from './migrations/1765100000000-rooms-by-person.js';
import { NamesToFind1764700000000 } from './migrations/1764700000000-names-to-find.js';
import { RoomsByUse1764100000000 } from './migrations/1764100000000-rooms-by-use.js';
import { NameKeys1764200000000 } from './migrations/1764200000000-name-keys.js';
import { LineLives1764310000000 } from './migrations/1764310000000-line-lives.js';
import { SetAside1764300000000 } from './migrations/1764300000000-set-aside.js';
import { MessageEntity } from './message.entity.js';
import { RoomEntity } from './room.entity.js';
import { UserEntity } from './user.entity.js';

/** How long a statement waits for another process's lock, milliseconds. */
export const BUSY_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** TypeORM asks for the verbose one, which takes a stack trace for each statement: a tenth of what `logic` has to do. */
const quietSqlite = { ...sqlite3, verbose: () => sqlite3 };

/**
 * TypeORM's options for a database URL: `sqlite:<path>` or `postgres://…`. The schema is made by migrations alone.
 *
 * @throws {Error} for another URL, which is not printed: it may hold a password. Also for a SQLite in memory: a process
 *   opens its database twice.
 * @param caFile - Authorities that the server's certificate has to be from; with it, TLS is asked for. Postgres only.
 */
export function dataSourceOptions(url: string, caFile?: string): DataSourceOptions {
  const shared = {
    entities: [UserEntity, RoomEntity, MessageEntity],
    migrations: [
      InitialSchema1700000000000,
      WideIds1764000000000,
      RoomsByUse1764100000000,
      NameKeys1764200000000,
      LineLives1764310000000,
      SetAside1764300000000,
      ParkedRooms1764500000000,
      DatabaseLife1764600000000,
      NamesToFind1764700000000,
      Acts1764800000000,
      Door1764900000000,
      PrivateRooms1765000000000,
      RoomsByPerson1765100000000,
      Lobby1765200000000,
      SentInOrder1765300000000,
      MadeOnce1765400000000,
    ],
    migrationsTableName: 'schema_migrations',
    synchronize: false,
  };
  if (/^postgres(ql)?:\/\//.test(url)) {
    // A lock that does not come and a server that does not answer end in an error, as on SQLite.
    const extra = { statement_timeout: BUSY_TIMEOUT_MS, query_timeout: BUSY_TIMEOUT_MS + CONNECT_TIMEOUT_MS };
    return {
      type: 'postgres',
      url: caFile === undefined ? url : verifiedUrl(url, caFile),
      applicationName: 'parley-logic',
      connectTimeoutMS: CONNECT_TIMEOUT_MS,
      extra,
      ...shared,
    };
  }
  const database = /^sqlite:(?!:memory:)(.+)$/.exec(url)?.[1];
  if (database === undefined) throw new Error('The database URL must be sqlite:<path> or postgres://….');
  return { type: 'sqlite', driver: quietSqlite, database, busyTimeout: BUSY_TIMEOUT_MS, ...shared };
}

/** `pg` takes these from the URL alone, and reads the file for each connection. */
function verifiedUrl(url: string, caFile: string): string {
  const verified = new URL(url);
  verified.searchParams.set('sslmode', 'verify-full');
  verified.searchParams.set('sslrootcert', caFile);
  return verified.href;
}
