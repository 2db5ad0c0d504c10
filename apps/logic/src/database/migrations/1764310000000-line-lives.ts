import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lives of processes that accept messages, and how far they saw each shard come. */
export class LineLives1764310000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE IF NOT EXISTS line_lives (life TEXT PRIMARY KEY, closed INTEGER NOT NULL, known TEXT NOT NULL)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE line_lives');
  }
}
