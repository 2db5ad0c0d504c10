import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { limits } from '@parley/protocol';
import { afterEach, describe, expect, it } from 'vitest';

import { type AppName, appNames } from './app-name.js';
import { ConfigError } from './config-error.js';
import { findRoot } from './config-files.js';
import { configProblems, loadConfig } from './load-config.js';

const root = findRoot(import.meta.dirname) ?? '';
const goodSecret = 'Vq3nZr8sKx1tYb6wLd0fHj5mPc2gRu7e';
const folders: string[] = [];

/** A copy of config/ with one file's content replaced. */
function rootWith(file: string, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'parley-config-'));
  folders.push(folder);
  cpSync(join(root, 'config'), join(folder, 'config'), { recursive: true });
  writeFileSync(join(folder, 'config', file), content);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function problemsOf(app: AppName, env: NodeJS.ProcessEnv, at = root): string {
  try {
    loadConfig(app, { env, root: at });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error('expected a ConfigError');
}

describe('loadConfig', () => {
  it.each(appNames)('gives %s a config in dev without any variable', (app) => {
    const config = loadConfig(app, { env: {}, root });
    expect(config).toMatchObject({ app, env: 'dev', host: '127.0.0.1', supervised: false, root });
    expect(config.instanceId).toMatch(new RegExp(`^${app}-.+-${process.pid}-[0-9a-f]{6}$`));
    expect(config.redis.url.reveal()).toBe('redis://127.0.0.1:6379');
  });

  it.each(appNames)('gives %s a config in prod with the required variables', (app) => {
    const config = loadConfig(app, { env: { PARLEY_ENV: 'prod', PARLEY_JWT_SECRET: goodSecret }, root });
    expect(config).toMatchObject({ env: 'prod', host: '0.0.0.0', shutdown: { drainWindowMs: 10_000 } });
  });

  it('takes protocol limits as defaults', () => {
    const config = loadConfig('connect-gateway', { env: {}, root });
    expect(config.limits).toMatchObject({
      unauthenticatedIdleMs: limits.unauthenticatedIdleMs,
      heartbeatTimeoutMs: limits.heartbeatTimeoutMs,
    });
    expect(loadConfig('logic', { env: {}, root }).limits.sendBurst).toBe(limits.sendBurst);
  });

  it('lets the environment win, in the right type', () => {
    const env = {
      PARLEY_API_PORT: '0',
      PARLEY_ORIGINS: 'http://localhost:8080, https://chat.example.org',
      PARLEY_SUPERVISED: '1',
      PARLEY_REDIS_PREFIX: 'test-1:',
      PARLEY_WS_PORT: '7000,7002',
      PARLEY_WS_PATH: '/live',
    };
    const api = loadConfig('gateway-api', { env: { ...env, PARLEY_INSTANCE_ID: 'api-1' }, root });
    expect(api.http.port).toBe(0);
    expect(api.cors.origins).toEqual(['http://localhost:8080', 'https://chat.example.org']);
    expect(api).toMatchObject({ supervised: true, instanceId: 'api-1', redis: { prefix: 'test-1:' } });
    expect(loadConfig('web', { env, root })).toMatchObject({
      apiPort: 0,
      wsPorts: [7000, 7002],
      wsPath: '/live',
    });
    const gateway = { ...env, PARLEY_WS_PORT: '0', PARLEY_TCP_PORT: 'off' };
    expect(loadConfig('connect-gateway', { env: gateway, root })).toMatchObject({
      ws: { path: '/live' },
      tcp: { port: 'off' },
    });
  });

  // A service called `parley` kept every process of its namespace from starting.
  it('takes no notice of what Kubernetes says about services', () => {
    const links: Record<string, string> = {};
    for (const service of [
      'PARLEY',
      'PARLEY_WEB',
      'PARLEY_API',
      'PARLEY_WS',
      'PARLEY_TCP',
      'PARLEY_ADMIN',
      'PARLEY_X_Y',
    ])
      Object.assign(links, {
        [`${service}_SERVICE_HOST`]: '10.0.0.1',
        [`${service}_SERVICE_PORT`]: '8080',
        [`${service}_SERVICE_PORT_HTTP`]: '8080',
        [`${service}_SERVICE_PORT_WS_TLS`]: '8443',
        [`${service}_PORT`]: 'tcp://10.0.0.1:8080',
        [`${service}_PORT_8080_TCP`]: 'tcp://10.0.0.1:8080',
        [`${service}_PORT_8080_TCP_PROTO`]: 'tcp',
        [`${service}_PORT_8080_TCP_PORT`]: '8080',
        [`${service}_PORT_8080_TCP_ADDR`]: '10.0.0.1',
        [`${service}_PORT_53_UDP`]: 'udp://10.0.0.1:53',
      });
    const rest = { PARLEY_INSTANCE_ID: 'a' };
    for (const app of appNames)
      expect(loadConfig(app, { env: { ...links, ...rest }, root })).toEqual(
        loadConfig(app, { env: rest, root }),
      );
    expect(loadConfig('web', { env: { ...links, PARLEY_WEB_PORT: '1' }, root }).http.port).toBe(1);
    expect(() => loadConfig('web', { env: { ...links, PARLEY_PORT: '1' }, root })).toThrow(
      /PARLEY_PORT is not/,
    );
    expect(() => loadConfig('web', { env: { PARLEY_WEB_PORT: 'http://x' }, root })).toThrow(
      /PARLEY_WEB_PORT must/,
    );
  });

  it.each([
    'capacitor://localhost',
    'ionic://localhost',
    'tauri://localhost',
    'app://org.example.chat',
    'chrome-extension://abcdefghijklmnop',
    'http://tauri.localhost',
    'https://chat.example.org:8443',
  ])('takes %s for an origin, in prod too', (origin) => {
    const env = { PARLEY_ENV: 'prod', PARLEY_JWT_SECRET: goodSecret, PARLEY_ORIGINS: origin };
    expect(loadConfig('gateway-api', { env, root }).cors.origins).toEqual([origin]);
    expect(loadConfig('connect-gateway', { env, root }).origins).toEqual([origin]);
  });

  it.each([
    'null',
    'file://',
    'https://chat.example.org/',
    'capacitor://localhost/x',
    'capacitor:',
    'HTTPS://x',
    'localhost',
  ])('does not take %s for an origin', (origin) =>
    expect(() => loadConfig('gateway-api', { env: { PARLEY_ORIGINS: origin }, root })).toThrow(
      /PARLEY_ORIGINS must/,
    ),
  );

  describe('PARLEY_TRUST_PROXY', () => {
    const trust = (value: string, app: 'gateway-api' | 'connect-gateway' = 'gateway-api') =>
      loadConfig(app, { env: { PARLEY_TRUST_PROXY: value }, root }).trustProxy;

    it('lists addresses and networks, for both edges', () => {
      const list = '10.0.0.0/8, 192.168.1.1,2001:db8::/32';
      expect(trust(list)).toEqual(['10.0.0.0/8', '192.168.1.1', '2001:db8::/32']);
      expect(trust(list, 'connect-gateway')).toEqual(trust(list));
    });

    it.each(['', 'false', 'no', '0'])('is nobody for %j', (value) => expect(trust(value)).toEqual([]));

    // It was a flag: with true the client chose the address that it was limited by.
    it.each(['true', '1', 'yes', 'TRUE', '0.0.0.0/0', '::/0', '10.0.0.0/8,::/0'])(
      'refuses %s, with a hint',
      (value) =>
        expect(() => trust(value)).toThrow(/PARLEY_TRUST_PROXY must name the proxies, e.g. 10.0.0.0\/8/),
    );

    it.each(['proxy.example', '10.0.0.0/33', '10.1', '10.0.0.1:80', '[::1]'])('refuses %s', (value) =>
      expect(() => trust(value)).toThrow(/PARLEY_TRUST_PROXY must list addresses or networks/),
    );
  });

  it('treats an empty variable as not set', () => {
    expect(loadConfig('gateway-api', { env: { PARLEY_API_PORT: '' }, root }).http.port).toBe(7070);
  });

  it('finds the root through PARLEY_ROOT and puts data below it', () => {
    const other = rootWith(
      'dev.yaml',
      'common: { host: 127.0.0.1, shutdown: { drainWindowMs: 1 } }\njwt: { secret: x }\nlogic: { demoAccounts: false }\n',
    );
    const config = loadConfig('logic', { env: { PARLEY_ROOT: other } });
    expect(config.shutdown.drainWindowMs).toBe(1);
    expect(config.dataDir).toBe(join(other, '.data'));
    expect(config.database.url.reveal()).toBe(`sqlite:${other}/.data/parley.sqlite3`);
  });

  it('resolves relative data places against the root and leaves the others alone', () => {
    const url = (value: string) =>
      loadConfig('logic', { env: { PARLEY_DATABASE_URL: value }, root }).database.url.reveal();
    expect(url('sqlite:some/file.db')).toBe(`sqlite:${root}/some/file.db`);
    expect(url('sqlite:/abs/file.db')).toBe('sqlite:/abs/file.db');
    expect(url('sqlite::memory:')).toBe('sqlite::memory:');
    expect(url('postgres://u:p@db/parley')).toBe('postgres://u:p@db/parley');
    const moved = loadConfig('logic', { env: { PARLEY_DATA_DIR: '/var/x' }, root });
    expect(moved.database.url.reveal()).toBe('sqlite:/var/x/parley.sqlite3');
  });

  it('is frozen all the way down', () => {
    const config = loadConfig('gateway-api', { env: {}, root });
    expect(Object.isFrozen(config)).toBe(true);
    expect(() => ((config.http as { port: number }).port = 1)).toThrow(TypeError);
    expect(Object.isFrozen(config.jwt.secret)).toBe(true);
  });

  it('prints no secret, however it is printed', () => {
    const env = { PARLEY_JWT_SECRET: goodSecret, PARLEY_REDIS_URL: 'redis://:hunter2@127.0.0.1:6379' };
    const config = loadConfig('gateway-api', { env, root });
    for (const printed of [
      JSON.stringify(config),
      inspect(config, { depth: 9, showHidden: true }),
      `${config.jwt.secret}`,
    ]) {
      expect(printed).not.toContain(goodSecret);
      expect(printed).not.toContain('hunter2');
      expect(printed).toContain('[redacted]');
    }
    expect(config.jwt.secret.reveal()).toBe(goodSecret);
  });
});

describe('a wrong config', () => {
  it('is reported all at once, by name and never by value', () => {
    const bad = {
      PARLEY_API_PORT: 'sevenseven',
      PARLEY_SUPERVISED: 'perhaps',
      PARLEY_LOG_LEVEL: 'shouting',
      PARLEY_REDIS_URL: 'http://:hunter2@host',
      PARLEY_REDIS_PREFIX: '{brace}',
      PARLEY_ORIGINS: 'not-an-origin/path',
      PARLEY_REGISTRY_LEASE_TTL_MS: '3999',
      PARLEY_INSTANCE_ID: 'spaces in it',
      PARLEY_REQUESTS_PER_SECOND: '-17',
      PARLEY_JWT_SECRT: 'hush-hush',
    };
    const message = problemsOf('gateway-api', bad);
    for (const [name, value] of Object.entries(bad)) {
      expect(message).toContain(name.replace('LEASE_TTL_MS', ''));
      expect(message).not.toContain(value);
    }
    expect(message).toContain('PARLEY_JWT_SECRT is not a known variable, did you mean PARLEY_JWT_SECRET?');
    expect(message).toContain('10 problem(s)');
  });

  it('reports names of a YAML mistake and not its text', () => {
    const broken = rootWith('dev.yaml', 'jwt:\n  secret: "hush-hush\n  other: [');
    const message = problemsOf('logic', {}, broken);
    expect(message).toMatch(/config\/dev\.yaml is not valid YAML \(line \d+\)/);
    expect(message).not.toContain('hush-hush');
  });

  it('reports settings nobody reads', () => {
    const typo = rootWith('dev.yaml', 'common: { host: h, shutdwn: { drainWindowMs: 1 } }\nlogik: {}\n');
    const message = problemsOf('task-worker', {}, typo);
    expect(message).toContain('shutdwn is not a known setting, did you mean shutdown?');
    expect(message).toContain('logik in config/dev.yaml is not a known section, did you mean logic?');
    expect(message).toContain('shutdown is required');
  });

  it.each<[AppName, string, NodeJS.ProcessEnv]>([
    [
      'web',
      'registry',
      { PARLEY_REGISTRY_LEASE_TTL_MS: '4000', PARLEY_REGISTRY_HEARTBEAT_INTERVAL_MS: '2000' },
    ],
    [
      'connect-gateway',
      'HEARTBEAT_TIMEOUT_MS',
      { PARLEY_HEARTBEAT_INTERVAL_MS: '50', PARLEY_HEARTBEAT_TIMEOUT_MS: '100' },
    ],
    ['task-worker', 'SHARD_LEASE_TTL_MS', { PARLEY_SHARD_LEASE_TTL_MS: '1000' }],
    ['task-worker', 'LANE_MAX_ENTRIES', { PARLEY_LANE_MAX_ENTRIES: '255' }],
  ])('checks fields of %s against each other: %s', (app, name, env) => {
    expect(problemsOf(app, env)).toContain(name);
  });

  it('accepts the other side of those bounds', () => {
    const env = { PARLEY_HEARTBEAT_INTERVAL_MS: '50', PARLEY_HEARTBEAT_TIMEOUT_MS: '101' };
    expect(loadConfig('connect-gateway', { env, root }).limits.heartbeatTimeoutMs).toBe(101);
    expect(loadConfig('task-worker', { env: { PARLEY_SHARD_LEASE_TTL_MS: '1001' }, root })).toBeDefined();
  });

  it.each<[AppName, string, number]>([
    ['task-worker', 'PARLEY_DISPATCH_BATCH_SIZE', 1_000],
    ['task-worker', 'PARLEY_ARCHIVE_BATCH_SIZE', 1_000],
    ['logic', 'PARLEY_SHARD_COUNT', 1_024],
    ['logic', 'PARLEY_ACK_REPLICAS', 16],
  ])('takes for %s a %s of %i, and no more', (app, name, bound) => {
    expect(loadConfig(app, { env: { [name]: String(bound) }, root })).toBeDefined();
    expect(problemsOf(app, { [name]: String(bound + 1) })).toContain(`${name} must be at most ${bound}`);
  });

  it('gives logic and the task-worker one bound of the streams', () => {
    const env = { PARLEY_MAX_PENDING_ENTRIES: '7' };
    for (const app of ['logic', 'task-worker'] as const)
      expect(loadConfig(app, { env, root }).maxPendingEntries).toBe(7);
  });

  it.each([
    ['one a line', 'one, with a comma\r\nanother\n\n', ['one, with a comma', 'another']],
    ['one with a comma', 'one, with a comma', ['one, with a comma']],
    ['one alone in a file', 'one-secret\n', ['one-secret']],
    ['none', ' \n ', []],
  ])('takes secrets that verify only: %s', (_, value, secrets) => {
    for (const app of ['logic', 'gateway-api', 'connect-gateway'] as const) {
      const { otherSecrets } = loadConfig(app, { env: { PARLEY_JWT_OTHER_SECRETS: value }, root }).jwt;
      expect(otherSecrets.map((secret) => secret.reveal())).toEqual(secrets);
    }
  });

  it('names an unknown environment', () => {
    expect(problemsOf('web', { PARLEY_ENV: 'staging' })).toContain('PARLEY_ENV must be dev or prod');
  });
});

describe('prod', () => {
  const prod = (env: NodeJS.ProcessEnv) => ({ PARLEY_ENV: 'prod', PARLEY_JWT_SECRET: goodSecret, ...env });

  it.each([
    ['missing', '', 'is required'],
    ['one byte short', goodSecret.slice(1), 'at least 32 bytes'],
    ['the dev secret', 'parley-dev-secret-not-for-production', 'example value'],
    ['an example', 'change-me-change-me-change-me-change-me', 'example value'],
    ['one letter', 'a'.repeat(40), 'too easy'],
  ])('refuses a secret that is %s', (_case, secret, expected) => {
    const message = problemsOf('logic', prod({ PARLEY_JWT_SECRET: secret }));
    expect(message).toContain('PARLEY_JWT_SECRET');
    expect(message).toContain(expected);
    if (secret) expect(message).not.toContain(secret);
  });

  it('asks of the secrets that verify only what it asks of the one that signs', () => {
    const others = (value: string) => problemsOf('gateway-api', prod({ PARLEY_JWT_OTHER_SECRETS: value }));
    const message = others(`${goodSecret}x\nhush-hush`);
    expect(message).toContain('PARLEY_JWT_OTHER_SECRETS must be at least 32 bytes');
    expect(message).not.toContain('hush');
    expect(others(Array(9).fill(goodSecret).join('\n'))).toContain(
      'PARLEY_JWT_OTHER_SECRETS must be at most 8',
    );
  });

  it('refuses the very secret that config/dev.yaml holds', () => {
    const secret = loadConfig('logic', { env: {}, root }).jwt.secret.reveal();
    expect(problemsOf('logic', prod({ PARLEY_JWT_SECRET: secret }))).toContain('example value');
  });

  it.each(['logic', 'web'] as const)('refuses demo accounts (%s), and has none', (app) => {
    expect(problemsOf(app, prod({ PARLEY_DEMO_ACCOUNTS: 'true' }))).toContain(
      'PARLEY_DEMO_ACCOUNTS must be false',
    );
    expect(loadConfig(app, { env: prod({}), root }).demoAccounts).toBe(false);
  });

  it('takes lan for an origin, among others', () => {
    const { origins } = loadConfig('connect-gateway', {
      env: prod({ PARLEY_ORIGINS: 'lan,https://a.example' }),
      root,
    });
    expect(origins).toEqual(['lan', 'https://a.example']);
  });

  it.each(['*', 'loopback', 'https://a.example,*', 'lan,loopback'])('refuses the origins %s', (origins) => {
    for (const app of ['gateway-api', 'connect-gateway'] as const) {
      expect(problemsOf(app, prod({ PARLEY_ORIGINS: origins }))).toContain(
        'PARLEY_ORIGINS must list origins by name',
      );
    }
  });
});

describe('the problems of all processes', () => {
  it('are said once, whoever has them', () => {
    const env = { PARLEY_HOSTT: '0.0.0.0', PARLEY_WS_PORT: 'x', PARLEY_LOG_LEVEL: 'loud' };
    expect(configProblems(undefined, { env, root })).toEqual([
      'PARLEY_HOSTT is not a known variable, did you mean PARLEY_HOST?',
      expect.stringMatching(/^PARLEY_LOG_LEVEL must be one of/),
      expect.stringMatching(/^PARLEY_WS_PORT must be/),
    ]);
    expect(configProblems(['logic'], { env: { PARLEY_WS_PORT: 'x' }, root })).toEqual([]);
    expect(configProblems(undefined, { env: {}, root })).toEqual([]);
  });
});
