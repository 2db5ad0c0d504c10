import 'reflect-metadata';
import { Body, Controller, Get, type OnModuleDestroy, Module, Post } from '@nestjs/common';
import { bootstrapApp, createLogger, currentCorrelationId, HealthModule, LoggingModule } from './index.js';
import { Logger, MetricsModule, ShutdownRegistry } from './index.js';

/** A small app for bootstrap-app.spec.ts, run as a process of its own: `<mode> <log level> <supervised>`. */
const [mode = 'normal', level = 'info', supervised = ''] = process.argv.slice(2);
const identity = { service: 'fixture', instanceId: 'fixture-1', level };
const log = createLogger({ ...identity, level: 'info' });
let goOn: (() => void) | undefined;
const never = () => new Promise<void>(() => undefined);

@Controller('fixture')
class FixtureController implements OnModuleDestroy {
  private release: (() => void) | undefined;
  private closed = false;

  @Post('echo')
  echo(@Body() body: unknown): object {
    return { id: currentCorrelationId(), body };
  }

  /** Answers when the stop has begun: a request in hand. Says whether what it needs was closed under it. */
  @Get('held')
  async held(): Promise<object> {
    log.info('held');
    await new Promise<void>((resolve) => (this.release = resolve));
    return { closed: this.closed };
  }

  /** What follows the drain: the request is still in hand, and is answered a little later. */
  letGo(): void {
    setTimeout(() => this.release?.(), 100);
  }

  @Get('reject')
  reject(): string {
    void Promise.reject(new Error('nobody listens'));
    return 'ok';
  }

  @Get('throw')
  throw(): string {
    setImmediate(() => {
      throw Object.assign(new Error('nobody catches'), { password: 'hunter2' });
    });
    return 'ok';
  }

  onModuleDestroy(): Promise<void> | void {
    this.closed = true;
    if (mode === 'stuck-close') return never();
  }
}

@Module({
  imports: [
    LoggingModule.forRoot(identity),
    HealthModule,
    MetricsModule.forRoot({ app: 'fixture', loopback: true }),
  ],
  controllers: [FixtureController],
})
class FixtureModule {}

await bootstrapApp({
  service: 'fixture',
  module: FixtureModule,
  port: 0,
  portName: 'http',
  ...(mode === 'impatient' && { requestTimeoutMs: 300 }),
  config: {
    instanceId: 'fixture-1',
    host: '127.0.0.1',
    supervised: supervised === 'supervised',
    log: { level },
    shutdown: { drainWindowMs: 0 },
  },
  configure: (app) => {
    if (mode === 'fails') throw new Error('cannot start');
    const hooks = app.get(ShutdownRegistry);
    hooks.onDrain(() => log.info({ hook: 'first' }, 'hook'));
    hooks.onDrain(() => log.info({ hook: 'second' }, 'hook'));
  },
  onListening: async (app) => {
    app.get(Logger).log({ authToken: 'hunter2' }, 'listening', 'Fixture');
    if (mode === 'slow-start') {
      // Goes on when the drain is over, while the app is being closed.
      log.info('starting slowly');
      await new Promise<void>((resolve) => (goOn = resolve));
    }
    return { tcp: 4242 };
  },
  drain: async (app) => {
    log.info({ hook: 'app' }, 'hook');
    app.get(FixtureController).letGo();
    goOn?.();
    if (mode === 'stuck-drain') await never();
  },
});
