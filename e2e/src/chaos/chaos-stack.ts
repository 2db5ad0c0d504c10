import { eventually, freePort } from '@parley/testing';
import { Stack, type AppName } from '../stack.js';
import { clockEnv } from './app-clock.js';
import { RedisSite } from './redis-site.js';
import { Slot } from './slot.js';
import { startSql, type SqlKind, type SqlServer } from './sql-server.js';

const apps: readonly AppName[] = ['logic', 'task-worker', 'connect-gateway', 'gateway-api', 'web'];
/** Processes of each app. */
const REPLICAS = 2;
const ARCHIVED_WITHIN_MS = 30_000;
/** ARGV[1]: pattern of the dispatch streams' keys. Returns nil when Redis is empty now, else a stream of which SQL lacks something. */
const EMPTY_ONCE_ARCHIVED = `
local function fields(flat)
  local named = {}
  for i = 1, #flat, 2 do named[flat[i]] = flat[i + 1] end
  return named
end
for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
  local newest = fields(redis.call('XINFO', 'STREAM', key))['last-generated-id']
  local archive
  for _, flat in ipairs(redis.call('XINFO', 'GROUPS', key)) do
    local group = fields(flat)
    if group['name'] == 'archive' then archive = group end
  end
  if not archive or archive['pending'] > 0 or archive['last-delivered-id'] ~= newest then return key end
end
redis.call('FLUSHALL')
return nil`;

/** Two of each app at addresses that stay, with a Redis that is reached through a fault proxy, and a database to break. */
export class ChaosStack {
  private constructor(
    readonly stack: Stack,
    readonly slots: readonly Slot[],
    readonly site: RedisSite,
    readonly sql: SqlServer,
  ) {}

  /** @param ackReplicas - How many replicas of Redis must have a message before its ack: none, or the one of the site. */
  static async start(
    sqlKind: SqlKind,
    env: Readonly<Record<string, string>>,
    ackReplicas: 0 | 1,
  ): Promise<ChaosStack> {
    let dataDir = '';
    const started: { stop: () => Promise<void> }[] = [];
    try {
      const sql = await startSql(sqlKind, () => dataDir);
      started.push(sql);
      const site = await RedisSite.start();
      started.push(site);
      if (ackReplicas > 0) await site.haveReplica();
      const stack = await Stack.start({
        replicas: 0,
        redis: site.primary,
        env: {
          ...env,
          PARLEY_ACK_REPLICAS: String(ackReplicas),
          PARLEY_REDIS_URL: `redis://127.0.0.1:${site.proxy.port}`,
          ...(sql.url !== undefined && { PARLEY_DATABASE_URL: sql.url }),
        },
      });
      started.push(stack);
      ({ dataDir } = stack);
      const places = await addresses();
      // In this order in every run, whoever is ready first: a seed's schedule names slots.
      const slots = await Promise.all(
        places.map(({ app, number, ports }) =>
          Slot.fill(stack, app, number, {
            ...ports,
            ...clockEnv(dataDir, `${app}-${number}`),
            // So that calls go both ways: between the first of each app over links, others through Redis.
            ...(number > 1 && { PARLEY_LINK_DIR: 'off' }),
          }),
        ),
      );
      return new ChaosStack(stack, slots, site, sql);
    } catch (error) {
      // What could not be started says why; that it also ended is no news. Whatever is left running would keep this process.
      for (const part of started.reverse()) await part.stop().catch(() => undefined);
      throw error;
    }
  }

  of(app: AppName): Slot[] {
    return this.slots.filter((slot) => slot.app === app);
  }

  /** Waits until SQL has everything that was accepted. */
  async archived(): Promise<void> {
    await this.site.ask((redis) =>
      eventually(
        async () => {
          for (const key of await redis.keys(`${this.stack.redisPrefix}{s*}:dispatch`)) {
            const { 'last-generated-id': newest } = fields(await redis.xinfo('STREAM', key));
            const groups = (await redis.xinfo('GROUPS', key)) as unknown[];
            const archive = groups.map(fields).find(({ name }) => name === 'archive');
            // Not by `lag`: Redis may lose count of it over a restart.
            if (archive?.['pending'] !== 0 || archive['last-delivered-id'] !== newest)
              throw new Error(`the archive has not got all of ${key}`);
          }
        },
        { timeoutMs: ARCHIVED_WITHIN_MS },
      ),
    );
  }

  /** Redis forgets everything, in a moment in which SQL has all that was accepted: nothing comes between the look and the deed. */
  async emptyRedisOnceArchived(): Promise<void> {
    await this.site.ask((redis) =>
      eventually(
        async () => {
          const behind = await redis.eval(EMPTY_ONCE_ARCHIVED, 0, `${this.stack.redisPrefix}{s*}:dispatch`);
          if (behind !== null) throw new Error(`the archive has not got all of ${String(behind)}`);
        },
        { timeoutMs: ARCHIVED_WITHIN_MS },
      ),
    );
  }

  /** Redis forgets everything. */
  async emptyRedis(): Promise<void> {
    await this.site.ask((redis) => redis.flushall());
  }

  /** @throws {Error} when a process has crashed by itself; everything is stopped then, too. */
  async stop(): Promise<void> {
    try {
      await this.stack.stop();
    } finally {
      await this.site.stop();
      await this.sql.stop();
    }
  }
}

/** A flat reply of names and values. */
function fields(flat: unknown): Record<string, unknown> {
  const items = flat as unknown[];
  return Object.fromEntries(items.flatMap((item, i) => (i % 2 === 0 ? [[String(item), items[i + 1]]] : [])));
}

/** Every process of the stack, and the ports that it and its successors listen on. */
async function addresses(): Promise<{ app: AppName; number: number; ports: Record<string, string> }[]> {
  const numbers = Array.from({ length: REPLICAS }, (_, i) => i + 1);
  const free = async () => String(await freePort());
  const portsOf: Partial<Record<AppName, () => Promise<Record<string, string>>>> = {
    'gateway-api': async () => ({ PARLEY_API_PORT: await free() }),
    'connect-gateway': async () => ({ PARLEY_WS_PORT: await free(), PARLEY_TCP_PORT: await free() }),
    web: async () => ({ PARLEY_WEB_PORT: await free() }),
  };
  const places: { app: AppName; number: number; ports: Record<string, string> }[] = [];
  for (const app of apps)
    for (const number of numbers) places.push({ app, number, ports: (await portsOf[app]?.()) ?? {} });
  return places;
}
