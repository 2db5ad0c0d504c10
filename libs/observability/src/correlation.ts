import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

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

/**
 * Runs every HTTP request under the correlation id of its `x-request-id`, or a new one. `bootstrapApp` calls it;
 * replies carry the header only if the app sets it.
 */
export function installCorrelation(fastify: FastifyInstance): void {
  // Fastify parses bodies in the context its request hooks ran in, so that this reaches the handler.
  fastify.addHook('onRequest', (request, _reply, done) => {
    storage.run(correlationIdOf(request.headers['x-request-id']), done);
  });
}
