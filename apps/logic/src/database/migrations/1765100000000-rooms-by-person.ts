import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The private rooms of one person are found by his role in them; other facts are looked for room by room. */
export class RoomsByPerson1765100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX room_facts_by_name ON room_facts (name)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX room_facts_by_name');
  }
}
