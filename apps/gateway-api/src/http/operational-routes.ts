import type { FastifyRequest } from 'fastify';

/** Served by `@parley/observability` for the machines that watch this process; they have no account. */
const operationalPaths: ReadonlySet<string> = new Set(['/health/live', '/health/ready', '/metrics']);

/** Whether a request is for health or metrics: no token, no rate limit, nothing of anybody's in the answer. */
export function isOperational({ routeOptions }: Pick<FastifyRequest, 'routeOptions'>): boolean {
  return routeOptions.url !== undefined && operationalPaths.has(routeOptions.url);
}
