import { DURATION_BUCKETS, Durations, Tally } from './durations.js';

/** What a metric is called and how its children differ. */
export interface MetricSpec {
  readonly name: string;
  readonly help: string;
  /** Names of the labels. Their values must be few and known before: never a room, a user or an address. */
  readonly labels?: readonly string[];
}

interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/**
 * A metric whose children are taken once and kept, so that counting looks nothing up: prom-client makes a key of all labels at
 * every count. It takes anything of this shape into its registry.
 */
abstract class LabelledMetric<Child> {
  abstract readonly type: 'counter' | 'histogram';
  readonly aggregator = 'sum';
  readonly name: string;
  readonly help: string;
  private readonly labelNames: readonly string[];
  private readonly children = new Map<
    string,
    { readonly values: readonly string[]; readonly child: Child }
  >();

  constructor({ name, help, labels = [] }: MetricSpec) {
    this.name = name;
    this.help = help;
    this.labelNames = labels;
  }

  /** The child of these values, in the order of the labels; to be kept by whoever counts often. */
  of(...values: string[]): Child {
    const key = values.join('\n');
    let entry = this.children.get(key);
    if (!entry) this.children.set(key, (entry = { values, child: this.create() }));
    return entry.child;
  }

  /** As prom-client asks for it. */
  get(): Promise<{ name: string; help: string; type: string; values: Sample[]; aggregator: string }> {
    const { name, help, type, aggregator } = this;
    const values = [...this.children.values()].flatMap((entry) => {
      const labels = Object.fromEntries(this.labelNames.map((label, i) => [label, entry.values[i] ?? '']));
      return this.samples(entry.child, labels);
    });
    return Promise.resolve({ name, help, type, values, aggregator });
  }

  /** Forgets all children. */
  reset(): void {
    this.children.clear();
  }

  protected abstract create(): Child;
  protected abstract samples(child: Child, labels: Record<string, string>): Sample[];
}

/** Distributions of durations, in seconds. */
export class DurationsMetric extends LabelledMetric<Durations> {
  readonly type = 'histogram';

  protected create(): Durations {
    return new Durations();
  }

  protected samples(child: Durations, labels: Record<string, string>): Sample[] {
    const { name } = this;
    const cumulative = child.cumulative();
    const count = cumulative.at(-1) ?? 0;
    return [
      ...cumulative.map((value, i) => ({
        metricName: `${name}_bucket`,
        labels: { ...labels, le: DURATION_BUCKETS[i] ?? '+Inf' },
        value,
      })),
      { metricName: `${name}_sum`, labels, value: child.sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}

/** Counts of what happened; the name ends in `_total`. */
export class TallyMetric extends LabelledMetric<Tally> {
  readonly type = 'counter';

  protected create(): Tally {
    return new Tally();
  }

  protected samples({ count }: Tally, labels: Record<string, string>): Sample[] {
    return [{ metricName: this.name, labels, value: count }];
  }
}
