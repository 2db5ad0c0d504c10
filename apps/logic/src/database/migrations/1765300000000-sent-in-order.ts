import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The index of what was sent has the id before its sender. Ids begin with their time, so that the newest of a room are beside each
 * other, whoever sent them; with the sender first each message of a batch had a page of its own to write.
 */
export class SentInOrder1765300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // In this order: there is no moment without one of them.
    await runner.query(
      'CREATE UNIQUE INDEX messages_by_sent ON messages (room_id, client_msg_id, sender_id)',
    );
    await runner.query('DROP INDEX messages_by_client_msg_id');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE UNIQUE INDEX messages_by_client_msg_id ON messages (room_id, sender_id, client_msg_id)',
    );
    await runner.query('DROP INDEX messages_by_sent');
  }
}
