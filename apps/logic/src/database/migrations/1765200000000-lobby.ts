import type { MigrationInterface, QueryRunner } from 'typeorm';

/** People who wait to be let into rooms, and what became of them; and when guests were let in, null for who was not. */
export class Lobby1765200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      // invite_id: null for who came by the room's code. network: as guests.address_hash.
      `CREATE TABLE waiting (
        room_id BIGINT NOT NULL, user_id BIGINT NOT NULL, user_name TEXT NOT NULL, is_guest BIGINT NOT NULL, invite_id TEXT,
        network TEXT NOT NULL, state TEXT NOT NULL, since BIGINT NOT NULL, decided_at BIGINT, PRIMARY KEY (room_id, user_id))`,
    );
    await runner.query('CREATE INDEX waiting_by_state ON waiting (room_id, state, since)');
    await runner.query('ALTER TABLE guests ADD COLUMN admitted_at BIGINT');
    await runner.query('UPDATE guests SET admitted_at = 0');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE guests DROP COLUMN admitted_at');
    await runner.query('DROP TABLE waiting');
  }
}
