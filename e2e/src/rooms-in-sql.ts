import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import type { Stack } from './stack.js';

/** Makes rooms at once, past the limit of rooms that one user may make. They must be new to the stack. */
export async function makeRooms(stack: Pick<Stack, 'dataDir'>, ids: readonly number[]): Promise<void> {
  const database = new sqlite3.Database(join(stack.dataDir, 'parley.sqlite3'));
  const rows = ids.map((id) => `(${id}, 'load ${id}', 'room', 0)`);
  try {
    await new Promise<void>((resolve, reject) =>
      database.run(
        `INSERT INTO rooms (id, name, kind, created_at) VALUES ${rows.join(',')}`,
        (error: Error | null) => (error ? reject(error) : resolve()),
      ),
    );
  } finally {
    await new Promise((resolve) => database.close(resolve));
  }
}
