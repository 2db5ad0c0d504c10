import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rooms that are in no list and open to members alone, and the codes that lead to rooms. */
export class PrivateRooms1765000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE rooms ADD COLUMN private BIGINT NOT NULL DEFAULT 0');
    // argon2id, in PHC form; asked for with the code.
    await runner.query('ALTER TABLE rooms ADD COLUMN password_hash TEXT');
    await runner.query('ALTER TABLE rooms ADD COLUMN code TEXT');
    await runner.query('CREATE UNIQUE INDEX rooms_by_code ON rooms (code)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX rooms_by_code');
    for (const column of ['code', 'password_hash', 'private'])
      await runner.query(`ALTER TABLE rooms DROP COLUMN ${column}`);
  }
}
