import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When a room or conversation was last used, and indexes for what is listed and counted by it and by its creator. */
export class RoomsByUse1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // A process of the version before makes rooms without it: they come last until somebody uses them.
    await runner.query('ALTER TABLE rooms ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0');
    await runner.query(
      `UPDATE rooms SET used_at = COALESCE(
         (SELECT m.sent_at FROM messages m WHERE m.room_id = rooms.id ORDER BY m.seq DESC LIMIT 1), created_at)`,
    );
    await runner.query('CREATE INDEX rooms_by_use ON rooms (kind, used_at, id)');
    await runner.query(`CREATE INDEX rooms_by_creator ON rooms (created_by) WHERE kind = 'room'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const index of ['rooms_by_creator', 'rooms_by_use']) await runner.query(`DROP INDEX ${index}`);
    await runner.query('ALTER TABLE rooms DROP COLUMN used_at');
  }
}
