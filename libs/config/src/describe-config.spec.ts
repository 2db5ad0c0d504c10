import { expect, it } from 'vitest';

import { findRoot } from './config-files.js';
import { getPath, type Tree } from './config-tree.js';
import { describeConfig } from './describe-config.js';
import { envTable } from './env-table.js';
import { loadConfig } from './load-config.js';

const root = findRoot(import.meta.dirname) ?? '';

it('describes every variable once, with defaults and without secrets', () => {
  const rows = describeConfig(root);
  expect(new Set(rows.map(({ name }) => name)).size).toBe(envTable.length);
  expect(rows.find(({ name }) => name === 'PARLEY_API_PORT')).toMatchObject({
    apps: ['gateway-api', 'web'],
    defaults: { dev: '7070', prod: '7070' },
  });
  expect(rows.find(({ name }) => name === 'PARLEY_DRAIN_WINDOW_MS')?.defaults).toEqual({
    dev: '500',
    prod: '10000',
  });
  for (const row of rows.filter(({ sensitive }) => sensitive))
    expect(row.defaults).toEqual({ dev: '', prod: '' });
  expect(rows.filter(({ sensitive }) => sensitive).map(({ name }) => name)).toEqual([
    'PARLEY_REDIS_URL',
    'PARLEY_METRICS_TOKEN',
    'PARLEY_TRACE_URL',
    'PARLEY_JWT_SECRET',
    'PARLEY_JWT_OTHER_SECRETS',
    'PARLEY_DATABASE_URL',
    'PARLEY_FIRST_ADMIN_PASSWORD',
  ]);
});

it('maps every variable to a setting that exists', () => {
  // Without this a renamed setting would leave its variable silently dead; the strict schemas catch values only.
  const optional = [
    'advertisedHost',
    'linkDir',
    'metrics.token',
    'trace.url',
    'public.apiUrl',
    'public.wsUrls',
    'firstAdmin.password',
    'tls.certFile',
    'tls.keyFile',
    'redis.caFile',
    'database.caFile',
  ];
  for (const { paths } of envTable) {
    for (const [app, path] of Object.entries(paths)) {
      if (optional.includes(path)) continue;
      const config = loadConfig(app as keyof typeof paths, { env: {}, root }) as unknown as Tree;
      expect(getPath(config, path), `${app} ${path}`).toBeDefined();
    }
  }
});
