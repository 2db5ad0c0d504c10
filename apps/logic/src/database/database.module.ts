import { Global, Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { AccountsService } from '../accounts/accounts.service.js';
import { ArchiveRepository } from '../archive/archive.repository.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';
import { dataSourceOptions } from './data-source-options.js';
import { migrate } from './migrate.js';
import { SqlWriter } from './sql-writer.js';

/** SQL for the app, global. Connecting creates what is missing. */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(url: string): DynamicModule {
    const providers = [SqlWriter, AccountsService, RoomsRepository, ArchiveRepository];
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({ ...dataSourceOptions(url), retryAttempts: 5, retryDelay: 500 }),
          dataSourceFactory: async (options) => {
            if (!options) throw new Error('no database options');
            return migrate(await new DataSource(options).initialize());
          },
        }),
      ],
      providers,
      exports: providers,
    };
  }
}
