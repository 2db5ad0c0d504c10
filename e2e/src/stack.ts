import { ParleyApi } from '@parley/client';
import {
  spawnProcess,
  startRedis,
  uniquePrefix,
  type ManagedProcess,
  type RedisHarness,
} from '@parley/testing';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expectNoCrash } from './expect-no-crash.js';
import { LeakWatch } from './leak-watch.js';

/** A bundled tool runs from elsewhere and is told where the workspace is. */
const root = process.env['PARLEY_ROOT'] ?? resolve(import.meta.dirname, '../..');
/** What session tokens of a stack are signed with. */
export const jwtSecret = 'a secret of the end to end tests, long enough';
/** What the apps run on: the tests' own Node.js, or another one whose apps are to be tried. */
const appNode = process.env['PARLEY_APP_NODE'] || process.execPath;
const START_TIMEOUT_MS = 60_000;

const backEnd = ['logic', 'task-worker', 'connect-gateway', 'gateway-api'] as const;
export type AppName = (typeof backEnd)[number] | 'web';

/** One running process of an app, and the ports it said it listens on. */
export interface AppProcess {
  readonly app: AppName;
  readonly process: ManagedProcess;
  readonly ports: Readonly<Record<string, number>>;
}

export interface StackOptions {
  /** Processes of each back-end app. @defaultValue 2 */
  readonly replicas?: number;
  /** One process that serves the site. @defaultValue false */
  readonly web?: boolean;
  /** A Redis started by the caller; the stack stops it. @defaultValue one of its own */
  readonly redis?: RedisHarness;
  /** Further `PARLEY_*` variables for every app; one that is undefined has Parley's own default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A workspace whose apps are built. @defaultValue this one */
  readonly workspace?: string;
}

/** The flags of Node.js with which a built app wants to run: its package's `start` says them. */
function flagsOf(main: string): string[] {
  const { scripts } = JSON.parse(readFileSync(join(dirname(main), 'package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  return scripts.start.split(' ').slice(1, -1);
}

/** A whole Parley on ports of its own: Redis, SQLite, and real processes of every app. */
export class Stack {
  readonly apps: AppProcess[] = [];
  /** Started, ready or not. */
  private readonly launched = new Set<ManagedProcess>();
  private readonly leaks = new LeakWatch([jwtSecret]);
  private isStopped = false;

  private constructor(
    readonly redis: RedisHarness,
    readonly dataDir: string,
    /** Before every Redis key of this stack. */
    readonly redisPrefix: string,
    private readonly env: Readonly<Record<string, string | undefined>>,
    private readonly workspace: string,
  ) {}

  /** Starts everything; resolves when all apps say that they are ready. */
  static async start({
    replicas = 2,
    web = false,
    env = {},
    workspace = root,
    ...options
  }: StackOptions = {}): Promise<Stack> {
    const redis = options.redis ?? (await startRedis({ appendFsync: 'always' }));
    const dataDir = mkdtempSync(join(tmpdir(), 'parley-e2e-'));
    const redisPrefix = uniquePrefix('e2e');
    const variables = {
      ...withoutParley(),
      PARLEY_ENV: 'dev',
      PARLEY_ROOT: workspace,
      PARLEY_REDIS_URL: redis.url,
      PARLEY_REDIS_PREFIX: redisPrefix,
      PARLEY_DATA_DIR: dataDir,
      PARLEY_JWT_SECRET: jwtSecret,
      PARLEY_LOG_LEVEL: 'info',
      // Ten demo users are hashed at each start. What passwords cost is measured by `npm run school`.
      PARLEY_ARGON2_MEMORY_KIB: '1024',
      ...env,
    };
    const stack = new Stack(redis, dataDir, redisPrefix, variables, workspace);
    try {
      const replicated = backEnd.flatMap((app) => Array.from({ length: replicas }, () => app));
      await Promise.all(replicated.map((app) => stack.spawn(app)));
      if (web) await stack.spawnWeb();
      return stack;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  /** Starts one more process of an app. */
  async spawn(app: AppName, ports: Readonly<Record<string, string>> = {}): Promise<AppProcess> {
    const process_ = await this.launch(app, ports);
    const line = await process_.waitForLine(/"msg":"ready"/, START_TIMEOUT_MS);
    const { ports: listening } = JSON.parse(line) as { ports: Record<string, number> };
    const started = { app, process: process_, ports: listening };
    this.apps.push(started);
    return started;
  }

  /** Starts a process of an app that may not become ready. It ends with the stack. */
  async launch(app: AppName, ports: Readonly<Record<string, string>> = {}): Promise<ManagedProcess> {
    const { workspace } = this;
    const main = join(workspace, 'apps', app, 'dist/main.js');
    if (!existsSync(main)) throw new Error(`${main} is missing: build the apps first (nx run-many -t build)`);
    const launched = await spawnProcess({
      command: appNode,
      args: [...flagsOf(main), main],
      cwd: workspace,
      name: app,
      env: {
        ...this.env,
        PARLEY_API_PORT: '0',
        PARLEY_WS_PORT: '0',
        PARLEY_TCP_PORT: '0',
        PARLEY_WEB_PORT: '0',
        PARLEY_ADMIN_PORT: '0',
        ...ports,
      },
    });
    this.launched.add(launched);
    this.leaks.follow(app, launched);
    void launched.exited.then(() => this.launched.delete(launched));
    if (this.isStopped) {
      await launched.kill9();
      throw new Error(`${app} was started while the stack was being stopped`);
    }
    return launched;
  }

  of(app: AppName): AppProcess[] {
    return this.apps.filter((started) => started.app === app && started.process.running);
  }

  /** What the schemes of its addresses end in. */
  private get s(): string {
    return this.env['PARLEY_TLS_CERT_FILE'] ? 's' : '';
  }

  /** Host and ports of a gateway, by index. */
  gateway(index = 0): { wsUrl: string; tcpPort: number; process: ManagedProcess } {
    const gateway = this.of('connect-gateway')[index];
    if (!gateway) throw new Error(`no gateway ${index}`);
    return {
      wsUrl: `ws${this.s}://127.0.0.1:${gateway.ports['ws']}/ws`,
      tcpPort: gateway.ports['tcp'] ?? 0,
      process: gateway.process,
    };
  }

  get apiUrl(): string {
    return `http${this.s}://127.0.0.1:${this.of('gateway-api')[0]?.ports['http']}`;
  }

  get webUrl(): string {
    return `http${this.s}://127.0.0.1:${this.of('web')[0]?.ports['http']}`;
  }

  /** Logs in; the token. */
  async login(userName: string, password = '111111'): Promise<string> {
    return (await new ParleyApi({ baseUrl: this.apiUrl }).login(userName, password)).token;
  }

  /** The v1 API as one user. */
  api(token?: string): ParleyApi {
    return new ParleyApi({ baseUrl: this.apiUrl, ...(token !== undefined && { getToken: () => token }) });
  }

  /** What each process has written, by app and pid. Of a talkative one the last lines only. */
  logsByProcess(): Map<string, string> {
    return new Map(this.apps.map(({ app, process: running }) => [`${app}-${running.pid}`, running.output()]));
  }

  /** Everything that all processes have logged so far. */
  logs(): string {
    return [...this.logsByProcess()].map(([name, text]) => `--- ${name}\n${text}`).join('\n');
  }

  /** @throws {Error} when a process has crashed since the start, or logged what is nobody's business; everything is stopped then, too. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all(
      [...this.launched].map((running) => running.terminate(8_000).catch(() => running.kill9())),
    );
    await this.redis.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
    expectNoCrash(this.apps);
    this.leaks.expectNone();
  }

  private async spawnWeb(): Promise<void> {
    const gateways = this.of('connect-gateway').map(({ ports }) => ports['ws']);
    await this.spawn('web', {
      PARLEY_API_PORT: new URL(this.apiUrl).port,
      PARLEY_WS_PORT: gateways.join(','),
    });
  }
}

/** The caller's own `PARLEY_*` must not reach the apps, nor tools that read settings as they do. */
export function withoutParley(): Record<string, undefined> {
  return Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => name.startsWith('PARLEY_'))
      .map((name) => [name, undefined]),
  );
}
