import { randomUUID } from 'node:crypto';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A name for the database's unbroken life, and its beats. A database that has accounts already had tokens issued that name
 * no database: they are its own.
 */
export class DatabaseLife1764600000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE TABLE database_life (
        id INTEGER PRIMARY KEY CHECK (id = 1), life TEXT NOT NULL, parent TEXT NOT NULL,
        unnamed_tokens INTEGER NOT NULL, beat BIGINT NOT NULL)`,
    );
    await runner.query('CREATE TABLE database_beats (n BIGINT PRIMARY KEY, token TEXT NOT NULL)');
    await runner.query(
      `INSERT INTO database_life (id, life, parent, unnamed_tokens, beat)
       SELECT 1, '${randomUUID()}', '', CASE WHEN EXISTS (SELECT 1 FROM users) THEN 1 ELSE 0 END, 0`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['database_beats', 'database_life']) await runner.query(`DROP TABLE ${table}`);
  }
}
