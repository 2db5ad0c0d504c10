import type { EntityManager } from 'typeorm';

/** Whether a transaction is one of Postgres's; else it is of SQLite, which has one writer and needs no lock. */
export const isPostgres = (manager: EntityManager): boolean => manager.connection.options.type === 'postgres';

/** Keeps others from changing what belongs to a room until the transaction ends: of two at once, each sees what the other did. */
export async function lockRoom(manager: EntityManager, roomId: number): Promise<void> {
  if (isPostgres(manager)) await manager.query('SELECT 1 FROM rooms WHERE id = $1 FOR UPDATE', [roomId]);
}
