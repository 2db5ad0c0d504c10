import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import type { Stack } from './stack.js';

/** The apps write to the same file: each waits for the others' turn, milliseconds. */
const WAIT_FOR_TURN_MS = 10_000;

/** Makes rooms at once, past the limit of rooms that one user may make. They must be new to the stack. */
export async function makeRooms(stack: Pick<Stack, 'dataDir'>, ids: readonly number[]): Promise<void> {
  const rows = ids.map((id) => `(${id}, 'load ${id}', 'room', 0)`);
  await run(stack, `INSERT INTO rooms (id, name, kind, created_at) VALUES ${rows.join(',')}`);
}

/** Removes rooms. Nobody is told. */
export async function removeRooms(stack: Pick<Stack, 'dataDir'>, ids: readonly number[]): Promise<void> {
  await run(stack, `DELETE FROM rooms WHERE id IN (${ids.join(',')})`);
}

async function run({ dataDir }: Pick<Stack, 'dataDir'>, sql: string): Promise<void> {
  const database = new sqlite3.Database(join(dataDir, 'parley.sqlite3'));
  database.configure('busyTimeout', WAIT_FOR_TURN_MS);
  try {
    await new Promise<void>((resolve, reject) =>
      database.run(sql, (error: Error | null) => (error ? reject(error) : resolve())),
    );
  } finally {
    await new Promise((resolve) => database.close(resolve));
  }
}
