import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Invitations, who came by them without an account, and what was done at the doors, which takes nothing back, as the audit log. */
export class Door1764900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const isPostgres = runner.connection.options.type === 'postgres';
    const statements = [
      `CREATE TABLE invites (
        id TEXT PRIMARY KEY, room_id BIGINT NOT NULL, token_hash TEXT NOT NULL UNIQUE, role TEXT NOT NULL, expires_at BIGINT,
        max_uses BIGINT, uses BIGINT NOT NULL, created_by BIGINT NOT NULL, created_by_name TEXT NOT NULL,
        created_at BIGINT NOT NULL, withdrawn_at BIGINT)`,
      'CREATE INDEX invites_by_room ON invites (room_id)',
      // session_id, expires_at: of the only session that the guest has.
      `CREATE TABLE guests (
        user_id BIGINT PRIMARY KEY, room_id BIGINT NOT NULL, invite_id TEXT NOT NULL, address_hash TEXT NOT NULL,
        session_id TEXT NOT NULL, expires_at BIGINT NOT NULL)`,
      'CREATE INDEX guests_by_invite ON guests (invite_id, address_hash)',
      `CREATE TABLE door_log (
        room_id BIGINT NOT NULL, id TEXT NOT NULL, act TEXT NOT NULL, actor_id BIGINT NOT NULL, actor_name TEXT NOT NULL,
        actor_role TEXT NOT NULL, invite_id TEXT, details TEXT, acted_at BIGINT NOT NULL, PRIMARY KEY (room_id, id))`,
      ...(isPostgres ? POSTGRES_GUARD : SQLITE_GUARD),
    ];
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['door_log', 'guests', 'invites']) await runner.query(`DROP TABLE ${table}`);
  }
}

const SQLITE_GUARD = ['UPDATE', 'DELETE'].map(
  (change) => `CREATE TRIGGER door_log_no_${change.toLowerCase()} BEFORE ${change} ON door_log
    BEGIN SELECT RAISE(ABORT, 'the log of the door cannot be changed'); END`,
);
/** The function is of the migration before. */
const POSTGRES_GUARD = [
  `CREATE TRIGGER door_log_is_final BEFORE UPDATE OR DELETE ON door_log
    FOR EACH ROW EXECUTE FUNCTION audit_is_final()`,
];
