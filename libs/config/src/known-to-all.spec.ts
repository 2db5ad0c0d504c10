import { describe, expect, it } from 'vitest';

import type { AppName } from './app-name.js';
import { findRoot } from './config-files.js';
import { configProblems, loadConfig } from './load-config.js';

const root = findRoot(import.meta.dirname) ?? '';
const PARLEY_JWT_SECRET = 'Vq3nZr8sKx1tYb6wLd0fHj5mPc2gRu7e';
const prod = (env: NodeJS.ProcessEnv) => ({ PARLEY_ENV: 'prod', PARLEY_JWT_SECRET, ...env });
const problemsOf = (app: AppName, env: NodeJS.ProcessEnv) => configProblems([app], { env, root }).join('\n');

describe('what everybody knows', () => {
  it.each([
    ['PARLEY_DATABASE_URL', 'postgres://parley:parley@db/parley'],
    ['PARLEY_DATABASE_URL', 'postgres://parley:Change%2Dme@db/parley'],
    ['PARLEY_REDIS_URL', 'redis://:foobared@redis:6379'],
    ['PARLEY_REDIS_URL', 'rediss://default:PASSWORD@redis:6379'],
    ['PARLEY_METRICS_TOKEN', 'change-me-metrics-token'],
  ])('refuses an example in %s (%s), and says how to make another one', (name, value) => {
    const message = problemsOf('logic', prod({ [name]: value }));
    expect(message).toMatch(new RegExp(`${name} .*prod refuses; a new one: openssl rand -hex 24`));
    expect(message).not.toContain(value);
    expect(() => loadConfig('logic', { env: { [name]: value }, root })).not.toThrow();
  });

  it.each([
    ['PARLEY_DATABASE_URL', 'postgres:///parley?host=/run/postgresql'],
    ['PARLEY_DATABASE_URL', 'postgres://parley:%E0%A4%A@db/parley'],
    ['PARLEY_REDIS_URL', 'redis://redis:6379'],
    ['PARLEY_REDIS_URL', 'redis://:3f1c9aa0parley@redis:6379'],
    ['PARLEY_METRICS_TOKEN', '9f5d2f7c3b6a4e1d8c0b'],
  ])('takes %s=%s', (name, value) => {
    expect(() => loadConfig('logic', { env: prod({ [name]: value }), root })).not.toThrow();
  });

  it('takes no origin with a wildcard in it: no browser sends one', () => {
    for (const PARLEY_ORIGINS of ['*', 'https://*.example.org', 'https://a.example,https://*'])
      for (const app of ['gateway-api', 'connect-gateway'] as const)
        expect(problemsOf(app, prod({ PARLEY_ORIGINS }))).toContain('https://chat.example.org');
  });
});
