import type { User } from '@parley/protocol';
import { openOutboxDatabase, type OutboxDatabase } from './outbox-database.js';
import { parseEntry, type OutboxEntry } from './outbox-entry.js';

/** Storage that does not answer within this is taken for storage that refuses, milliseconds: some browsers hang. */
const answerWithinMs = 2_000;

/** An entry before it has its place in line. */
export type NewEntry = Omit<OutboxEntry, 'order'>;

/** Which tab sends; each change of it has a higher term. */
export interface Lease {
  readonly holder: string;
  readonly term: number;
}

/**
 * The outbox of one user on this device, shared by all tabs: in IndexedDB, and where the browser does not keep anything
 * (a private window, storage that is blocked or full) in memory, as long as the page lives. Never throws.
 */
export class OutboxStore {
  readonly #user: Pick<User, 'userId' | 'userName'>;
  readonly #open: typeof openOutboxDatabase;
  /** What the browser did not take. */
  readonly #unkept = new Map<string, OutboxEntry>();
  #database: Promise<OutboxDatabase> | undefined;
  #isRefused = false;
  #lastOrder = 0;

  constructor(user: Pick<User, 'userId' | 'userName'>, open = openOutboxDatabase) {
    this.#user = user;
    this.#open = open;
  }

  /** False once the browser has refused to keep something: then it lives as long as the page. */
  get isDurable(): boolean {
    return !this.#isRefused && this.#unkept.size === 0;
  }

  /** False: no other tab sees what is in here. */
  get isShared(): boolean {
    return !this.#isRefused;
  }

  /** Something would be lost with this page. */
  get hasUnkept(): boolean {
    return this.#unkept.size > 0;
  }

  /** Nobody but this tab has it. */
  isUnkept(clientMsgId: string): boolean {
    return this.#unkept.has(clientMsgId);
  }

  /** Puts an entry at the end of the line. It is kept when this resolves, or {@link isDurable} is false. */
  async add(entry: NewEntry): Promise<void> {
    const { userId } = this.#user;
    const isKept = await this.#try(async (database) => {
      const transaction = begin(database, 'entries');
      const last = await transaction.store.index('byUser').openCursor(ofUser(userId), 'prev');
      const order = Math.max(last?.value.order ?? 0, this.#lastOrder) + 1;
      await Promise.all([transaction.store.put({ ...entry, order }), transaction.done]);
      this.#lastOrder = order;
      return true;
    });
    if (!isKept) this.#unkept.set(entry.clientMsgId, { ...entry, order: ++this.#lastOrder });
  }

  /** Everything of this user's, in line. */
  async entries(): Promise<readonly OutboxEntry[]> {
    const { userId, userName } = this.#user;
    const kept = await this.#try((database) => database.getAllFromIndex('entries', 'byUser', ofUser(userId)));
    const entries = (kept ?? []).flatMap((value) => parseEntry(value) ?? []);
    const own = entries.filter(
      (entry) => entry.userName === userName && !this.#unkept.has(entry.clientMsgId),
    );
    return [...own, ...this.#unkept.values()].sort((a, b) => a.order - b.order);
  }

  /** Changes an entry, if it is still there. */
  async change(clientMsgId: string, fields: Pick<OutboxEntry, 'createdAtMs' | 'errorCode'>): Promise<void> {
    const unkept = this.#unkept.get(clientMsgId);
    if (unkept) this.#unkept.set(clientMsgId, { ...unkept, ...fields });
    await this.#try(async (database) => {
      const transaction = begin(database, 'entries');
      const entry = await transaction.store.get(clientMsgId);
      if (entry) await transaction.store.put({ ...entry, ...fields });
      await transaction.done;
    });
  }

  async remove(clientMsgId: string): Promise<void> {
    this.#unkept.delete(clientMsgId);
    await this.#try((database) => database.delete('entries', clientMsgId));
  }

  /** Undefined when it cannot be read. */
  async lease(): Promise<Lease | undefined> {
    const { userId } = this.#user;
    return this.#try(async (database) => (await database.get('leases', userId)) ?? { holder: '', term: 0 });
  }

  /** @returns Whether the lease is this tab's now; not so when another one took it since `term`. Undefined when the browser takes no note. */
  async takeLease(term: number, holder: string): Promise<boolean | undefined> {
    const { userId } = this.#user;
    return this.#try(async (database) => {
      const transaction = begin(database, 'leases');
      const lease = await transaction.store.get(userId);
      const isFree = (lease?.term ?? 0) === term;
      if (isFree) await transaction.store.put({ userId, holder, term: term + 1 });
      await transaction.done;
      return isFree;
    });
  }

  /** @returns Undefined when the browser refuses. */
  async #try<T>(work: (database: OutboxDatabase) => Promise<T>): Promise<T | undefined> {
    if (this.#isRefused) return undefined;
    let isOpen = false;
    try {
      return await within(answerWithinMs, async () => {
        this.#database ??= this.#open(() => (this.#database = undefined));
        const database = await this.#database;
        isOpen = true;
        return work(database);
      });
    } catch (error) {
      if (!isOpen) this.#isRefused = true;
      // Closed behind our back: the next call opens it again.
      if (error instanceof DOMException && error.name === 'InvalidStateError') this.#database = undefined;
      return undefined;
    }
  }
}

function begin<Name extends 'entries' | 'leases'>(database: OutboxDatabase, name: Name) {
  const transaction = database.transaction(name, 'readwrite');
  // Whoever is stopped by a failure before the end does not wait for it: it must not count as unhandled.
  transaction.done.catch(() => undefined);
  return transaction;
}

function ofUser(userId: number): IDBKeyRange {
  return IDBKeyRange.bound([userId, -Infinity], [userId, Infinity]);
}

async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('storage does not answer')), ms);
  });
  try {
    return await Promise.race([work(), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
