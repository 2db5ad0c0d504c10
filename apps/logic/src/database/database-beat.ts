import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';

/** A mark in the database's life: its number only grows, and its token is in no other copy of the database. */
export interface SqlBeat {
  readonly life: string;
  readonly beat: number;
  readonly beatToken: string;
}

/** Beats whose tokens are kept: a day of them, with one instance. Copies that went on apart are told by these. */
const KEPT_BEATS = 20_000;

/** Adds a beat to the database's life, in the transaction of `manager`; the others wait for its end. */
export async function addBeat(manager: EntityManager): Promise<SqlBeat> {
  await manager.query('UPDATE database_life SET beat = beat + 1');
  const [row]: { life: string; beat: unknown }[] = await manager.query(
    'SELECT life, beat FROM database_life',
  );
  if (!row) throw new Error('The table database_life is empty.');
  const beat = Number(row.beat);
  const beatToken = randomUUID();
  await manager.query('INSERT INTO database_beats (n, token) VALUES ($1, $2)', [beat, beatToken]);
  await manager.query('DELETE FROM database_beats WHERE n <= $1', [beat - KEPT_BEATS]);
  return { life: row.life, beat, beatToken };
}
