import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where a room stood when it left Redis, and which rooms may be there. */
export class ParkedRooms1764500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const column of [
      'parked_epoch TEXT',
      'parked_seq BIGINT',
      'parked_floor BIGINT',
      'parked_generation TEXT',
      // Every room may be, until somebody has looked.
      'resident INTEGER NOT NULL DEFAULT 1',
    ])
      await runner.query(`ALTER TABLE rooms ADD COLUMN ${column}`);
    await runner.query('CREATE INDEX rooms_resident ON rooms (used_at, id) WHERE resident = 1');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX rooms_resident');
    for (const column of ['parked_epoch', 'parked_seq', 'parked_floor', 'parked_generation', 'resident'])
      await runner.query(`ALTER TABLE rooms DROP COLUMN ${column}`);
  }
}
