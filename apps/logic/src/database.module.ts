import { Global, Module, type DynamicModule } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { MetricsRegistry } from '@parley/observability';
import { AppError } from '@parley/protocol';
import type { DataSource } from 'typeorm';
import { AccountsService } from './accounts/accounts.service.js';
import { ArchiveWriter } from './archive/archive-writer.js';
import { ArchiveRepository } from './archive/archive.repository.js';
import { AsideRepository } from './archive/aside.repository.js';
import { ParkedRoomsRepository } from './rooms/parked-rooms.repository.js';
import { RoomsRepository } from './rooms/rooms.repository.js';
import { GuestsRepository } from './door/guests.repository.js';
import { InvitesRepository } from './door/invites.repository.js';
import { RoomDoorsRepository } from './door/room-doors.repository.js';
import { WaitingRepository } from './door/waiting.repository.js';
import { DatabaseLifeRepository } from './database-life/database-life.repository.js';
import { NamesRepository } from './directory/names.repository.js';
import { RecordRepository } from './record/record.repository.js';
import { ReadCursorsRepository } from './reading/read-cursors.repository.js';
import { IdIssuer } from './database/id-issuer.js';
import { dataSourceOptions } from './database/data-source-options.js';
import { isSqlite, openDatabase, openSqliteWriter } from './database/open-database.js';
import { asAppError } from './database/sql-errors.js';
import { measureSql } from './database/sql-metrics.js';
import { PostgresWriter, SqliteWriter, SqlWriter } from './database/sql-writer.js';

/** A database server that is still starting is tried again for this long. */
const START_ATTEMPTS = 20;
const START_RETRY_MS = 1_000;

/** SQL for the app, global. Connecting creates what is missing. */
@Global()
@Module({})
export class DatabaseModule {
  /**
   * @param caFile - Authorities that a Postgres server's certificate has to be from.
   * @throws {Error} for a URL that cannot be used.
   */
  static forRoot(url: string, caFile?: string): DynamicModule {
    const options = dataSourceOptions(url, caFile);
    const services = [
      AccountsService,
      ParkedRoomsRepository,
      RoomsRepository,
      ArchiveRepository,
      ArchiveWriter,
      AsideRepository,
      DatabaseLifeRepository,
      GuestsRepository,
      IdIssuer,
      InvitesRepository,
      NamesRepository,
      ReadCursorsRepository,
      RecordRepository,
      RoomDoorsRepository,
      WaitingRepository,
    ];
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({
            ...options,
            retryAttempts: START_ATTEMPTS,
            retryDelay: START_RETRY_MS,
            // A migration that fails would fail again.
            toRetry: (error: unknown) => asAppError(error) instanceof AppError,
          }),
          dataSourceFactory: () => openDatabase(url, caFile),
        }),
      ],
      providers: [
        {
          provide: SqlWriter,
          useFactory: async (dataSource: DataSource, metrics?: MetricsRegistry) => {
            const own = isSqlite(dataSource) ? await openSqliteWriter(url) : undefined;
            const writer = own ? new SqliteWriter(own) : new PostgresWriter(dataSource);
            if (metrics) measureSql(metrics, writer, own ? [dataSource, own] : [dataSource]);
            return writer;
          },
          inject: [getDataSourceToken(), { token: MetricsRegistry, optional: true }],
        },
        ...services,
      ],
      exports: [SqlWriter, ...services],
    };
  }
}
