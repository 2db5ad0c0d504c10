import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { IssuedIds } from '@parley/redis';
import { randomUUID } from 'node:crypto';
import { DataSource, type EntityManager } from 'typeorm';
import { addBeat, type SqlBeat } from '../database/database-beat.js';
import { SqlWriter } from '../database/sql-writer.js';

/** What SQL says of itself. */
export interface SqlLife {
  readonly life: string;
  /** The life that this one goes on from after a step back; '' for none. */
  readonly parent: string;
  /** Whether tokens that name no database may be its own. */
  readonly unnamedTokens: boolean;
  /** Number of the newest beat; 0 before the first: nobody has served this database yet. */
  readonly beat: number;
  /** The token of the beat that was asked for; undefined when it is not there, or not any more. */
  readonly tokenAt: string | undefined;
  readonly highest: IssuedIds;
}

/** The name of the database's life, and its beats. */
@Injectable()
export class DatabaseLifeRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
  ) {}

  /** @param beat - Whose token is wanted. */
  async read(beat: number): Promise<SqlLife> {
    const [row]: Record<string, unknown>[] = await this.dataSource.query(
      `SELECT life, parent, unnamed_tokens, beat,
         (SELECT token FROM database_beats WHERE n = $1) AS token,
         (SELECT MAX(id) FROM users) AS users, (SELECT MAX(id) FROM rooms) AS rooms
       FROM database_life`,
      [beat],
    );
    if (!row) throw new Error('The table database_life is empty.');
    return {
      life: String(row['life']),
      parent: String(row['parent']),
      unnamedTokens: Number(row['unnamed_tokens']) === 1,
      beat: Number(row['beat']),
      tokenAt: typeof row['token'] === 'string' ? row['token'] : undefined,
      highest: { users: Number(row['users'] ?? 0), rooms: Number(row['rooms'] ?? 0) },
    };
  }

  /** Adds a beat. */
  addBeat(): Promise<SqlBeat> {
    return this.writer.run(addBeat);
  }

  /** Gives the database a new life, unless somebody else has. @param goesOn - It is the same one, stepped back. */
  async renew(life: string, goesOn: boolean): Promise<void> {
    await this.writer.run((manager) =>
      manager.query('UPDATE database_life SET life = $1, parent = $2, unnamed_tokens = 0 WHERE life = $3', [
        randomUUID(),
        goesOn ? life : '',
        life,
      ]),
    );
  }

  /** Issues no user or room id up to these. */
  async goAbove({ users, rooms }: IssuedIds): Promise<void> {
    await this.writer.run(async (manager) => {
      await advance(manager, 'users', users);
      await advance(manager, 'rooms', rooms);
    });
  }
}

async function advance(manager: EntityManager, table: 'users' | 'rooms', id: number): Promise<void> {
  if (manager.connection.options.type === 'postgres') {
    const sequence = `${table}_id_seq`;
    // Never back: others take ids from it at the same time.
    await manager.query(
      `SELECT setval('${sequence}', $1::bigint) FROM ${sequence} WHERE last_value < $1::bigint`,
      [id],
    );
    return;
  }
  await manager.query(
    `INSERT INTO sqlite_sequence (name, seq)
     SELECT '${table}', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = '${table}')`,
  );
  await manager.query(`UPDATE sqlite_sequence SET seq = $1 WHERE name = '${table}' AND seq < $2`, [id, id]);
}
