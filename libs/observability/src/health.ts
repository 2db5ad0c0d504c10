import { Controller, Get, Global, Inject, Injectable, Module, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ShutdownRegistry } from './shutdown-registry.js';

export type Readiness = 'starting' | 'ready' | 'draining';

/** Answers true when fine, else false or why not. */
export type HealthCheck = () => boolean | string | Promise<boolean | string>;

const CHECK_TIMEOUT_MS = 1_000;
const CACHE_MS = 1_000;

/** Whether this process should be given work: its own state, and named checks that other modules register. */
@Injectable()
export class HealthRegistry {
  readiness: Readiness = 'starting';
  private readonly checks = new Map<string, HealthCheck>();
  private cached: { at: number; failing: Promise<Record<string, string>> } | undefined;

  /** Adds a check, or replaces the one of that name. Its reasons are shown to whoever asks: constants only. */
  register(name: string, check: HealthCheck): void {
    this.checks.set(name, check);
    this.cached = undefined;
  }

  /** Failing checks with their reasons; empty when all is well. Asked at most once a second. */
  failing(): Promise<Record<string, string>> {
    const now = performance.now();
    if (!this.cached || now - this.cached.at > CACHE_MS) this.cached = { at: now, failing: this.runAll() };
    return this.cached.failing;
  }

  private async runAll(): Promise<Record<string, string>> {
    const results = await Promise.all(
      [...this.checks].map(async ([name, check]) => [name, await judge(check)] as const),
    );
    return Object.fromEntries(results.filter(([, reason]) => reason !== undefined)) as Record<string, string>;
  }
}

async function judge(check: HealthCheck): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<string>(
    (resolve) => (timer = setTimeout(() => resolve('timed out'), CHECK_TIMEOUT_MS)),
  );
  try {
    const result = await Promise.race([Promise.resolve().then(check), timeout]);
    return result === true ? undefined : result === false ? 'failing' : result;
  } catch {
    return 'failing';
  } finally {
    clearTimeout(timer);
  }
}

/** `live`: the process runs. `ready`: give it work. */
@Controller('health')
export class HealthController {
  constructor(@Inject(HealthRegistry) private readonly health: HealthRegistry) {}

  @Get('live')
  live(): { status: string } {
    return { status: 'live' };
  }

  /** The status is set on the reply: an exception would pass through the app's own error format. */
  @Get('ready')
  async ready(
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ status: string; failing?: Record<string, string> }> {
    const failing = await this.health.failing();
    const status = this.health.readiness;
    if (status === 'ready' && Object.keys(failing).length === 0) return { status };
    void reply.code(503);
    return { status: status === 'ready' ? 'failing' : status, failing };
  }
}

/** `/health/live` and `/health/ready`, {@link HealthRegistry} and {@link ShutdownRegistry}. */
@Global()
@Module({
  providers: [HealthRegistry, ShutdownRegistry],
  controllers: [HealthController],
  exports: [HealthRegistry, ShutdownRegistry],
})
export class HealthModule {}
