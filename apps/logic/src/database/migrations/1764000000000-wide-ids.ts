import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Registered users get ids above. The demo accounts are 3 to 6, whenever they are asked for. */
const LAST_RESERVED_USER_ID = 100;

/**
 * Ids of 64 bits on Postgres (SQLite's always are); memberships for the users of every conversation; room 1; and a range
 * of user ids for accounts that are not registered.
 */
export class WideIds1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const postgres = runner.connection.options.type === 'postgres';
    if (postgres) await widen(runner);
    await runner.query(
      `INSERT INTO rooms (id, name, kind, created_at, seq_ceiling) VALUES (1, 'Lobby', 'room', ${Date.now()}, 0)
       ON CONFLICT DO NOTHING`,
    );
    const [lower, higher] = postgres
      ? ["split_part(direct_key, ':', 1)", "split_part(direct_key, ':', 2)"]
      : [
          `substr(direct_key, 1, instr(direct_key, ':') - 1)`,
          `substr(direct_key, instr(direct_key, ':') + 1)`,
        ];
    for (const userId of [lower, higher])
      await runner.query(
        `INSERT INTO memberships (room_id, user_id, role)
         SELECT id, CAST(${userId} AS BIGINT), 'member' FROM rooms WHERE kind = 'direct' ON CONFLICT DO NOTHING`,
      );
    if (postgres) await advancePostgresSequences(runner);
    else await advanceSqliteSequence(runner);
  }

  async down(): Promise<void> {
    // Nothing to undo: the older schema's code runs on this one.
  }
}

async function widen(runner: QueryRunner): Promise<void> {
  const columns = {
    users: ['id'],
    rooms: ['id', 'created_by'],
    memberships: ['room_id', 'user_id'],
    messages: ['room_id', 'sender_id'],
    read_cursors: ['room_id', 'user_id'],
  };
  for (const [table, names] of Object.entries(columns))
    await runner.query(
      `ALTER TABLE ${table} ${names.map((name) => `ALTER COLUMN ${name} TYPE BIGINT`).join(', ')}`,
    );
  for (const table of ['users', 'rooms']) await runner.query(`ALTER SEQUENCE ${table}_id_seq AS BIGINT`);
}

/**
 * An id given by hand does not advance a Postgres sequence. This is done here and never again: while others register,
 * their ids are taken but not committed, and setting the sequence to the highest committed one hands them out twice.
 */
async function advancePostgresSequences(runner: QueryRunner): Promise<void> {
  await runner.query(
    `SELECT setval('users_id_seq', GREATEST((SELECT COALESCE(MAX(id), 0) FROM users), ${LAST_RESERVED_USER_ID}))`,
  );
  await runner.query(`SELECT setval('rooms_id_seq', (SELECT MAX(id) FROM rooms))`);
}

async function advanceSqliteSequence(runner: QueryRunner): Promise<void> {
  await runner.query(`DELETE FROM sqlite_sequence WHERE name = 'users'`);
  await runner.query(
    `INSERT INTO sqlite_sequence (name, seq)
     SELECT 'users', MAX(${LAST_RESERVED_USER_ID}, COALESCE((SELECT MAX(id) FROM users), 0))`,
  );
}
