import { nameKey } from '@parley/contracts/name-key';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rooms read at a time. */
const BATCH = 1_000;

/** What rooms are found by, and read positions by user. */
export class NamesToFind1764700000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE rooms ADD COLUMN name_key TEXT NOT NULL DEFAULT ''`);
    await runner.query('CREATE INDEX read_cursors_by_user ON read_cursors (user_id)');
    await fillRoomKeys(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX read_cursors_by_user');
    await runner.query('ALTER TABLE rooms DROP COLUMN name_key');
  }
}

/** Gives their key to rooms that have none: those that were there before, and those that a process of the version before makes. */
export async function fillRoomKeys(sql: Pick<QueryRunner, 'query'>): Promise<void> {
  for (let after = 0; ;) {
    const rows: { id: unknown; name: string }[] = await sql.query(
      `SELECT id, name FROM rooms WHERE kind = 'room' AND name_key = '' AND id > $1 ORDER BY id LIMIT ${BATCH}`,
      [after],
    );
    for (const { id, name } of rows) {
      after = Number(id);
      await sql.query('UPDATE rooms SET name_key = $1 WHERE id = $2', [nameKey(name), after]);
    }
    if (rows.length < BATCH) return;
  }
}
