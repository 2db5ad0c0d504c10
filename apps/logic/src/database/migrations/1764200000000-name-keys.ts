import { Logger } from '@nestjs/common';
import { nameKey, nameLook } from '@parley/contracts/name-key';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts read at a time. */
const BATCH = 1_000;
/** Collisions reported one by one; the rest is counted. */
const MAX_REPORTED = 1_000;

interface Row {
  readonly id: unknown;
  readonly name: string;
}

/**
 * Computes the key and the look of every account's name. Nobody's name changes. Where another account has the key or the
 * look already, the account keeps its old key, under which it still logs in with its exact name, and is reported.
 */
export class NameKeys1764200000000 implements MigrationInterface {
  private readonly logger = new Logger('NameKeys');

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users ADD COLUMN name_look TEXT');
    await runner.query('CREATE UNIQUE INDEX users_by_name_look ON users (name_look)');
    let collisions = 0;
    for (let after = 0, rows = await page(runner, after); rows.length > 0; rows = await page(runner, after)) {
      for (const row of rows) {
        after = Number(row.id);
        const sameKeyAs = await claim(runner, after, 'name_key', nameKey(row.name));
        const sameLookAs = await claim(runner, after, 'name_look', nameLook(row.name));
        if (sameKeyAs === undefined && sameLookAs === undefined) continue;
        if (++collisions <= MAX_REPORTED)
          this.logger.warn({ userId: after, sameKeyAs, sameLookAs }, 'account name collides');
      }
    }
    if (collisions > 0) this.logger.warn({ collisions }, 'account names collide');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX users_by_name_look');
    await runner.query('ALTER TABLE users DROP COLUMN name_look');
  }
}

const page = (runner: QueryRunner, after: number): Promise<Row[]> =>
  runner.query(`SELECT id, name FROM users WHERE id > $1 ORDER BY id LIMIT ${BATCH}`, [after]);

/**
 * Gives a key or look to an account.
 *
 * @returns The account that has it already, which is the account itself for a name that shows nothing: such names have
 *   nothing to be compared by. Undefined when it was given.
 */
async function claim(
  runner: QueryRunner,
  id: number,
  column: 'name_key' | 'name_look',
  value: string,
): Promise<number | undefined> {
  if (value === '') return id;
  const [holder]: { id: unknown }[] = await runner.query(`SELECT id FROM users WHERE ${column} = $1`, [
    value,
  ]);
  if (holder) return Number(holder.id) === id ? undefined : Number(holder.id);
  await runner.query(`UPDATE users SET ${column} = $1 WHERE id = $2`, [value, id]);
  return undefined;
}
