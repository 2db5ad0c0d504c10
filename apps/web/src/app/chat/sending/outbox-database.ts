import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

/** What is kept on this device for all users who have logged in here. */
interface OutboxSchema extends DBSchema {
  entries: {
    key: string;
    /** Read back through `parseEntry`. */
    value: { readonly clientMsgId: string; readonly userId: number; readonly order: number };
    indexes: { byUser: [userId: number, order: number] };
  };
  /** Which tab sends for a user. */
  leases: {
    key: number;
    value: { readonly userId: number; readonly holder: string; readonly term: number };
  };
}

/** The open database. */
export type OutboxDatabase = IDBPDatabase<OutboxSchema>;

/** Opens or makes the database. @throws when the browser keeps nothing for this site. */
export function openOutboxDatabase(gone: () => void): Promise<OutboxDatabase> {
  return openDB<OutboxSchema>('parley.outbox', 1, {
    upgrade(database) {
      database
        .createObjectStore('entries', { keyPath: 'clientMsgId' })
        .createIndex('byUser', ['userId', 'order'], { unique: false });
      database.createObjectStore('leases', { keyPath: 'userId' });
    },
    // A newer page wants to change the shape, or the user has cleared the site's data: let go, and open again.
    blocking: (_current, _blocked, event) => {
      (event.target as IDBDatabase).close();
      gone();
    },
    terminated: gone,
  });
}
