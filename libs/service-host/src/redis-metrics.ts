import type { MetricsRegistry } from '@parley/observability';

/** What this process sees of Redis. */
export function redisMetricsOf(registry: MetricsRegistry): {
  readonly answered: (seconds: number) => void;
  readonly failed: (role: string) => void;
} {
  const commands = registry
    .durations({
      name: 'parley_redis_command_seconds',
      help: 'Commands and scripts until Redis answered, one of each tenth of a second; none that waits for something',
    })
    .of();
  const errors = registry.tally({
    name: 'parley_redis_errors_total',
    help: 'Errors of connections to Redis, by what the connection is for',
    labels: ['role'],
  });
  return { answered: (seconds) => commands.observe(seconds), failed: (role) => errors.of(role).add() };
}
