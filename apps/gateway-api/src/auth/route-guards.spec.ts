import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApiApp, type ApiApp } from '../api-app.fixture.js';

/** Routes that answer without a token, on purpose. A new one is added here after thinking about it. */
const publicRoutes = [
  'GET /docs-json',
  'GET /docs-yaml',
  'GET /health/live',
  'GET /health/ready',
  'GET /metrics', // It has a token of its own.
  'POST /user/login',
  'POST /user/register',
  'POST /v1/guests',
  'POST /v1/invitation',
  'POST /v1/login',
  'POST /v1/register',
];

let api: ApiApp;
beforeAll(async () => {
  api = await startApiApp();
});
afterAll(() => api.close());

/** Swagger UI's own pages and files. */
const isDocsPage = (url: string) => url === '/docs' || url.startsWith('/docs/');

it('every route wants a token, but those that are public on purpose', async () => {
  const open: string[] = [];
  const guarded: string[] = [];
  for (const { method, url } of api.routes) {
    if (!['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].includes(method) || isDocsPage(url)) continue;
    const reply = await api.app.inject({
      method: method as 'GET',
      url: url.replace(/:\w+/g, '1'),
      ...(method === 'POST' && { payload: {} }),
    });
    const isSeed = /^\/(user|push)\//.test(url);
    const refused = reply.statusCode === 401 || (isSeed && reply.json().code === 40_000);
    (refused ? guarded : open).push(`${method} ${url}`);
  }
  expect([...new Set(open)].sort()).toEqual(publicRoutes);
  expect(guarded).toHaveLength(54);
  expect(api.logic.calls).toEqual([]);
});
