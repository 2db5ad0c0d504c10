import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The first schema, in SQL that SQLite and Postgres both take. `IF NOT EXISTS`: two processes may start at once. */
export class InitialSchema1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const id =
      runner.connection.options.type === 'postgres'
        ? 'SERIAL PRIMARY KEY'
        : 'INTEGER PRIMARY KEY AUTOINCREMENT';
    const statements = [
      `CREATE TABLE IF NOT EXISTS users (
        id ${id}, name TEXT NOT NULL, name_key TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL,
        role TEXT NOT NULL DEFAULT 'user', created_at BIGINT NOT NULL)`,
      `CREATE TABLE IF NOT EXISTS rooms (
        id ${id}, name TEXT NOT NULL, kind TEXT NOT NULL, direct_key TEXT UNIQUE, created_by INTEGER,
        created_at BIGINT NOT NULL, seq_ceiling BIGINT NOT NULL DEFAULT 0)`,
      `CREATE TABLE IF NOT EXISTS memberships (
        room_id INTEGER NOT NULL, user_id INTEGER NOT NULL, role TEXT NOT NULL, muted_until BIGINT, banned_until BIGINT,
        PRIMARY KEY (room_id, user_id))`,
      `CREATE INDEX IF NOT EXISTS memberships_by_user ON memberships (user_id)`,
      `CREATE TABLE IF NOT EXISTS messages (
        room_id INTEGER NOT NULL, seq BIGINT NOT NULL, epoch TEXT NOT NULL, id TEXT NOT NULL, sender_id INTEGER NOT NULL,
        kind INTEGER NOT NULL, client_msg_id TEXT, sent_at BIGINT NOT NULL, recalled_at BIGINT, body TEXT NOT NULL,
        PRIMARY KEY (room_id, seq))`,
      `CREATE UNIQUE INDEX IF NOT EXISTS messages_by_client_msg_id ON messages (room_id, sender_id, client_msg_id)`,
      `CREATE TABLE IF NOT EXISTS read_cursors (
        room_id INTEGER NOT NULL, user_id INTEGER NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY (room_id, user_id))`,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['read_cursors', 'messages', 'memberships', 'rooms', 'users'])
      await runner.query(`DROP TABLE ${table}`);
  }
}
