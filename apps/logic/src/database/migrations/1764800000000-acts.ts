import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What acts have made hold in rooms, what they say of messages, and the audit log, which takes nothing back: a trigger refuses
 * changes of it. Columns of memberships that nothing ever read are gone.
 */
export class Acts1764800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const isPostgres = runner.connection.options.type === 'postgres';
    const statements = [
      // seq: of the act that set it, so that acts can be applied in any order, and again.
      `CREATE TABLE room_facts (
        room_id BIGINT NOT NULL, name TEXT NOT NULL, value TEXT, seq BIGINT NOT NULL, PRIMARY KEY (room_id, name))`,
      // low, high: between which numbers it is about messages.
      `CREATE TABLE room_marks (
        room_id BIGINT NOT NULL, seq BIGINT NOT NULL, low BIGINT NOT NULL, high BIGINT NOT NULL, hidden_at BIGINT,
        mark TEXT NOT NULL, PRIMARY KEY (room_id, seq))`,
      'CREATE INDEX room_marks_by_high ON room_marks (room_id, high)',
      'CREATE INDEX room_marks_by_age ON room_marks (hidden_at) WHERE hidden_at IS NOT NULL',
      `CREATE TABLE audit (
        room_id BIGINT NOT NULL, seq BIGINT NOT NULL, act TEXT NOT NULL, actor_id BIGINT NOT NULL, actor_name TEXT NOT NULL,
        actor_role TEXT NOT NULL, target_id BIGINT, target_name TEXT, reason TEXT, event TEXT NOT NULL, acted_at BIGINT NOT NULL,
        PRIMARY KEY (room_id, seq))`,
      'CREATE INDEX audit_by_target ON audit (room_id, target_id, seq) WHERE target_id IS NOT NULL',
      ...(isPostgres ? POSTGRES_GUARD : SQLITE_GUARD),
    ];
    for (const statement of statements) await runner.query(statement);
    for (const column of ['role', 'muted_until', 'banned_until'])
      await runner.query(`ALTER TABLE memberships DROP COLUMN ${column}`);
    // Who has made a room owns it.
    await runner.query(
      `INSERT INTO room_facts (room_id, name, value, seq)
       SELECT id, 'r' || created_by, 'owner', 0 FROM rooms WHERE kind = 'room' AND created_by IS NOT NULL`,
    );
    await runner.query(
      `INSERT INTO room_facts (room_id, name, value, seq)
       SELECT id, 'owners', '[' || created_by || ']', 0 FROM rooms WHERE kind = 'room' AND created_by IS NOT NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['audit', 'room_marks', 'room_facts']) await runner.query(`DROP TABLE ${table}`);
    if (runner.connection.options.type === 'postgres') await runner.query('DROP FUNCTION audit_is_final');
    await runner.query(`ALTER TABLE memberships ADD COLUMN role TEXT NOT NULL DEFAULT 'member'`);
    await runner.query('ALTER TABLE memberships ADD COLUMN muted_until BIGINT');
    await runner.query('ALTER TABLE memberships ADD COLUMN banned_until BIGINT');
  }
}

const SQLITE_GUARD = ['UPDATE', 'DELETE'].map(
  (change) => `CREATE TRIGGER audit_no_${change.toLowerCase()} BEFORE ${change} ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log cannot be changed'); END`,
);
const POSTGRES_GUARD = [
  `CREATE FUNCTION audit_is_final() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit log cannot be changed'; END $$`,
  `CREATE TRIGGER audit_is_final BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_final()`,
];
