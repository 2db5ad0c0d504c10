import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import { SqlWriter } from './sql-writer.js';

/** The seed's accounts. Its clients know `demo` as user 3, so ids 1 and 2 stay unused. */
const DEMO_ACCOUNTS = { demo: 3, demo1: 4, demo2: 5, demo3: 6 };
const DEMO_PASSWORD = '111111';
const FIRST_ROOM = { id: 1, name: 'Lobby' };

/** Injection token: whether to make the demo accounts. */
export const DEMO = Symbol('DEMO');

/** Puts room 1, and in development the demo accounts, into a new database. Two processes may do so at once. */
@Injectable()
export class SeedService implements OnModuleInit {
  constructor(
    @Inject(DEMO) private readonly demo: boolean,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
    @Inject(AccountsService) private readonly accounts: AccountsService,
  ) {}

  async onModuleInit(): Promise<void> {
    const { rows, isPostgres } = await this.writer.run(async (manager) => ({
      isPostgres: manager.connection.options.type === 'postgres',
      rows: (await manager.query('SELECT id FROM rooms WHERE id = 1')) as unknown[],
    }));
    if (rows.length === 0) await this.insertRoom();
    if (this.demo && (await this.accounts.findByIds(Object.values(DEMO_ACCOUNTS))).length < 4)
      await this.insertDemoAccounts();
    // Postgres does not notice ids that were chosen by hand.
    if (isPostgres) await this.advanceSequences();
  }

  private async insertRoom(): Promise<void> {
    await this.writer.run((manager) =>
      manager.query(
        `INSERT INTO rooms (id, name, kind, created_at, seq_ceiling) VALUES (${FIRST_ROOM.id}, '${FIRST_ROOM.name}', 'room', ${Date.now()}, 0)
         ON CONFLICT DO NOTHING`,
      ),
    );
  }

  private async insertDemoAccounts(): Promise<void> {
    for (const [name, id] of Object.entries(DEMO_ACCOUNTS))
      await this.accounts.insertWithId(id, name, DEMO_PASSWORD);
  }

  private async advanceSequences(): Promise<void> {
    for (const table of ['users', 'rooms']) {
      await this.writer.run((manager) =>
        manager.query(
          `SELECT setval(pg_get_serial_sequence('${table}', 'id'), GREATEST((SELECT COALESCE(MAX(id), 1) FROM ${table}), 6))`,
        ),
      );
    }
  }
}
