import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

const storage = new AsyncLocalStorage<string>();

/** The id of the request being handled, for logs and outgoing calls; undefined outside one. */
export function currentCorrelationId(): string | undefined {
  return storage.getStore();
}

/** Runs `fn`, and all that it starts, under a correlation id. */
export function runWithCorrelationId<T>(id: string, fn: () => T): T {
  return storage.run(id, fn);
}

/** A caller's request id if it is well-formed (it goes into logs), else a new one. */
export function correlationIdOf(header: unknown): string {
  return typeof header === 'string' && /^[\w.:-]{8,64}$/.test(header) ? header : randomUUID();
}
