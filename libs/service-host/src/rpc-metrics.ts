import type { Durations, MetricsRegistry, Tally } from '@parley/observability';
import type { CallObserver } from '@parley/rpc';

const sides = {
  client: { seconds: 'Calls to other services', total: 'Calls to other services' },
  server: { seconds: 'Requests of other services', total: 'Requests of other services' },
} as const;

/**
 * Counts calls by method and outcome, and measures them by method. Methods are those of the contracts, outcomes `ok` and the
 * codes of the catalogue.
 */
export function rpcMetrics(registry: MetricsRegistry, side: keyof typeof sides): CallObserver {
  const durations = registry.durations({
    name: `parley_rpc_${side}_seconds`,
    help: `${sides[side].seconds} until they were answered, or given up`,
    labels: ['method'],
  });
  const outcomes = registry.tally({
    name: `parley_rpc_${side}_requests_total`,
    help: `${sides[side].total} by how they ended: ok, or the code of an error`,
    labels: ['method', 'outcome'],
  });
  const methods = new Map<string, { seconds: Durations; outcomes: Map<string, Tally> }>();
  return (method, seconds, outcome) => {
    let known = methods.get(method);
    if (!known) methods.set(method, (known = { seconds: durations.of(method), outcomes: new Map() }));
    known.seconds.observe(seconds);
    let tally = known.outcomes.get(outcome);
    if (!tally) known.outcomes.set(outcome, (tally = outcomes.of(method, outcome)));
    tally.add();
  };
}
