import {
  Controller,
  Get,
  Global,
  Header,
  Inject,
  Module,
  NotFoundException,
  Req,
  type DynamicModule,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import {
  collectDefaultMetrics,
  Counter,
  type CounterConfiguration,
  Gauge,
  type GaugeConfiguration,
  Registry,
} from 'prom-client';
import { EventLoopWatch } from './event-loop.js';
import { HealthRegistry } from './health.js';
import { HTTP_REQUESTS } from './http-metrics.js';
import { DurationsMetric, TallyMetric, type MetricSpec } from './labelled-metric.js';
import { mayReadMetrics, type MetricsAccess } from './metrics-access.js';
import { VERSION } from './version.js';

/** Injection token of {@link MetricsAccess}. */
const METRICS_ACCESS = Symbol('METRICS_ACCESS');
const READY = Symbol('READY');

/** Never: the event loop is watched otherwise, see {@link EventLoopWatch}. Milliseconds. */
const NO_EVENT_LOOP_SAMPLES = 2 ** 31 - 1;

/** This process's Prometheus metrics. Asking for a name again gives the metric that has it. */
export class MetricsRegistry extends Registry {
  constructor() {
    super();
    collectDefaultMetrics({ register: this, eventLoopMonitoringPrecision: NO_EVENT_LOOP_SAMPLES });
    for (const { name } of this.getMetricsAsArray())
      if (name.startsWith('nodejs_eventloop_lag')) this.removeSingleMetric(name);
  }

  /** Durations, for what happens often: take the children once, and keep them. The name ends in `_seconds`. */
  durations(spec: MetricSpec): DurationsMetric {
    return this.existing<DurationsMetric>(spec.name) ?? this.added(new DurationsMetric(spec));
  }

  /** A counter, for what happens often: take the children once, and keep them. The name ends in `_total`. */
  tally(spec: MetricSpec): TallyMetric {
    return this.existing<TallyMetric>(spec.name) ?? this.added(new TallyMetric(spec));
  }

  /** Something that only grows; by convention its name ends in `_total`. */
  counter<L extends string>(configuration: CounterConfiguration<L>): Counter<L> {
    return (
      this.existing<Counter<L>>(configuration.name) ?? new Counter({ ...configuration, registers: [this] })
    );
  }

  /** Something that goes up and down; `collect` may set it when it is scraped. */
  gauge<L extends string>(configuration: GaugeConfiguration<L>): Gauge<L> {
    return this.existing<Gauge<L>>(configuration.name) ?? new Gauge({ ...configuration, registers: [this] });
  }

  private added<M extends { readonly name: string }>(metric: M): M {
    // Its types know the library's own classes alone; it asks for no more than a name and `get`.
    this.registerMetric(metric as unknown as Counter);
    return metric;
  }

  private existing<T>(name: string): T | undefined {
    return this.getSingleMetric(name) as T | undefined;
  }
}

@Controller('metrics')
export class MetricsController {
  constructor(
    @Inject(MetricsRegistry) private readonly registry: MetricsRegistry,
    @Inject(METRICS_ACCESS) private readonly access: MetricsAccess,
  ) {}

  @Get()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  scrape(@Req() request: FastifyRequest): Promise<string> {
    // As if there were nothing: strangers need not know.
    if (!mayReadMetrics(this.access, request)) throw new NotFoundException();
    return this.registry.metrics();
  }
}

/** What of the app its metrics name. */
export interface MetricsOptions extends MetricsAccess {
  readonly app: string;
  /** Made before the app, for modules that need one. @defaultValue a new one */
  readonly registry?: MetricsRegistry;
}

/** `/metrics`, and {@link MetricsRegistry} for whoever counts. Needs `HealthModule`. */
@Global()
@Module({})
export class MetricsModule {
  /** @param options - With who may read `/metrics`; others are answered 404. */
  static forRoot({ app, registry = new MetricsRegistry(), ...access }: MetricsOptions): DynamicModule {
    registry
      .gauge({ name: 'parley_build_info', help: 'Always 1: what runs here', labelNames: ['app', 'version'] })
      .set({ app, version: VERSION }, 1);
    registry.durations(HTTP_REQUESTS);
    const delays = registry.durations({
      name: 'parley_event_loop_delay_seconds',
      help: 'How late the event loop was, looked at ten times a second',
    });
    return {
      module: MetricsModule,
      providers: [
        { provide: MetricsRegistry, useValue: registry },
        { provide: METRICS_ACCESS, useValue: access },
        { provide: EventLoopWatch, useValue: new EventLoopWatch(delays.of()) },
        {
          provide: READY,
          useFactory: (health: HealthRegistry) =>
            registry.gauge({
              name: 'parley_ready',
              help: '1 when the process takes work, as /health/ready has it; else 0',
              async collect() {
                const failing = Object.keys(await health.failing()).length;
                this.set(health.readiness === 'ready' && failing === 0 ? 1 : 0);
              },
            }),
          inject: [HealthRegistry],
        },
      ],
      controllers: [MetricsController],
      exports: [MetricsRegistry],
    };
  }
}
