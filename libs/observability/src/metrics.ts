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
  Histogram,
  type HistogramConfiguration,
  Registry,
} from 'prom-client';
import { mayReadMetrics, type MetricsAccess } from './metrics-access.js';

/** Injection token of {@link MetricsAccess}. */
const METRICS_ACCESS = Symbol('METRICS_ACCESS');

/**
 * How often the event loop's delay is sampled, milliseconds. Each sample wakes the process: at the library's ten, that was
 * most of what an idle one did.
 */
const EVENT_LOOP_SAMPLE_MS = 100;

/** This process's Prometheus metrics. Asking for a name again gives the metric that has it. */
export class MetricsRegistry extends Registry {
  constructor() {
    super();
    collectDefaultMetrics({ register: this, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS });
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

  /** A distribution; durations are in seconds, as Prometheus has it, and the name says so. */
  histogram<L extends string>(configuration: HistogramConfiguration<L>): Histogram<L> {
    return (
      this.existing<Histogram<L>>(configuration.name) ??
      new Histogram({ ...configuration, registers: [this] })
    );
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

/** `/metrics`, and {@link MetricsRegistry} for whoever counts. */
@Global()
@Module({})
export class MetricsModule {
  /** @param access - Who may read `/metrics`; others are answered 404. */
  static forRoot(access: MetricsAccess): DynamicModule {
    return {
      module: MetricsModule,
      providers: [
        { provide: MetricsRegistry, useFactory: () => new MetricsRegistry() },
        { provide: METRICS_ACCESS, useValue: access },
      ],
      controllers: [MetricsController],
      exports: [MetricsRegistry],
    };
  }
}
