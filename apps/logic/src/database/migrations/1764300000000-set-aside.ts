import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A place for messages that `messages` does not take. Its columns take anything: `entry` is JSON in ASCII, and the digest
 * in the key makes a repeated call harmless.
 */
export class SetAside1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE TABLE messages_aside (
        room_id BIGINT NOT NULL, seq BIGINT NOT NULL, digest TEXT NOT NULL, reason TEXT NOT NULL, sql_code TEXT NOT NULL,
        sender_id BIGINT, client_msg_id TEXT, set_aside_at BIGINT NOT NULL, entry TEXT NOT NULL,
        PRIMARY KEY (room_id, seq, digest))`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE messages_aside');
  }
}
