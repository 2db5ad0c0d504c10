import { parser } from '@prometheus-io/lezer-promql';

/** What a PromQL expression asks for. */
export interface Asked {
  readonly metrics: readonly string[];
  /** Labels that it selects or groups by. */
  readonly labels: readonly string[];
}

/**
 * Reads an expression.
 *
 * @throws {Error} when it is no PromQL, with the place.
 */
export function readPromQl(expression: string): Asked {
  const metrics = new Set<string>();
  const labels = new Set<string>();
  parser.parse(expression).iterate({
    enter: ({ type, from, to }) => {
      const text = expression.slice(from, to);
      if (type.isError) throw new Error(`no PromQL at ${from}: ${expression}`);
      // In the grammar of Prometheus' own editor.
      if (type.name === 'Identifier') metrics.add(text);
      if (type.name === 'LabelName') labels.add(text);
    },
  });
  return { metrics: [...metrics], labels: [...labels] };
}
