import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a room or a guest was asked for with, so that whoever asks again because no answer came gets what the first try made; null
 * where nothing was said.
 */
export class MadeOnce1765400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE rooms ADD COLUMN made_by_key TEXT');
    await runner.query('CREATE UNIQUE INDEX rooms_by_key ON rooms (created_by, made_by_key)');
    // The hash of it: who knows the key comes in as this guest.
    await runner.query('ALTER TABLE guests ADD COLUMN key_hash TEXT');
    await runner.query('CREATE UNIQUE INDEX guests_by_key ON guests (invite_id, key_hash)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX guests_by_key');
    await runner.query('ALTER TABLE guests DROP COLUMN key_hash');
    await runner.query('DROP INDEX rooms_by_key');
    await runner.query('ALTER TABLE rooms DROP COLUMN made_by_key');
  }
}
