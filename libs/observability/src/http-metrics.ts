import type { FastifyInstance } from 'fastify';
import type { Durations } from './durations.js';
import type { DurationsMetric } from './labelled-metric.js';

/**
 * Measures HTTP requests by route and class of status, from the first line of a request to the last byte of its answer. Routes
 * are as they are declared: what nobody serves is one of them, `none`.
 *
 * @param requests - Asked for when a request is answered: hooks come before the app.
 */
export function installHttpMetrics(
  fastify: FastifyInstance,
  requests: () => DurationsMetric | undefined,
): void {
  const known = new Map<string, Durations>();
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
    const status = `${Math.floor(reply.statusCode / 100)}xx`;
    const key = `${route} ${status}`;
    let durations = known.get(key);
    if (!durations) {
      durations = requests()?.of(route, status);
      if (durations) known.set(key, durations);
    }
    durations?.observe(reply.elapsedTime / 1_000);
    done();
  });
}

/** Declared where the registry is made, so that it is there before the first request. */
export const HTTP_REQUESTS = {
  name: 'parley_http_request_seconds',
  help: 'HTTP requests until they were answered, by route and class of status',
  labels: ['route', 'status'],
} as const;
