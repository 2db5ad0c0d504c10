import { limits } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApiApp, type ApiApp } from '../api-app.fixture.js';

interface Operation {
  readonly summary?: string;
  readonly tags?: string[];
  readonly requestBody?: {
    content: Record<string, { schema: Record<string, unknown>; examples?: Record<string, unknown> }>;
  };
  readonly responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
  readonly parameters?: { name: string; in: string; required?: boolean; schema: { example?: unknown } }[];
  readonly security?: object[];
}
interface Document {
  readonly openapi: string;
  readonly info: { title: string; version: string };
  readonly paths: Record<string, Record<string, Operation>>;
  readonly tags: readonly { name: string }[];
  readonly components: { securitySchemes: object };
}

let api: ApiApp;
let document: Document;
beforeAll(async () => {
  api = await startApiApp();
  document = (await api.app.inject('/docs-json')).json();
});
afterAll(() => api.close());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      path,
      operation,
    })),
  );

describe('the OpenAPI document', () => {
  it('is 3.1 and has every route of both APIs', () => {
    expect(document.openapi).toBe('3.1.0');
    const served = api.routes
      .filter(
        ({ method, url }) =>
          /^\/(v1|user|push)\//.test(url) && ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].includes(method),
      )
      .map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}')}`);
    expect(
      operations()
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...new Set(served)].sort());
    expect(served.length).toBeGreaterThanOrEqual(20);
  });

  it('describes each: summary, body, path parameters, success and failure', () => {
    for (const { name, path, operation } of operations()) {
      expect(operation.summary, name).toBeTruthy();
      const success = Object.keys(operation.responses).filter((status) => status.startsWith('2'));
      expect(success, name).not.toEqual([]);
      const isBare = ['/v1/logout', '/v1/unread/clear', '/v1/rooms/{id}/takeover'].includes(path);
      if (name.startsWith('POST') && !isBare)
        expect(operation.requestBody?.content['application/json']?.schema['type'], name).toBe('object');
      if (path.includes('{id}'))
        expect(
          operation.parameters?.filter((p) => p.in === 'path' && p.name === 'id'),
          name,
        ).toHaveLength(1);
      if (path.startsWith('/v1/'))
        expect(operation.responses['default']?.content, name).toHaveProperty(['application/problem+json']);
      else expect(success, name).toEqual(['200']);
    }
  });

  it('gives each one tag, v1 first, and no tag that is not described', () => {
    const tags = operations().map(({ operation }) => operation.tags);
    expect(tags.every((each) => each?.length === 1)).toBe(true);
    const described = document.tags.map(({ name }) => name);
    expect(described).toEqual(['sessions', 'rooms', 'messages', 'hosting', 'door', 'gochat']);
    expect([...new Set(tags.flat())]).toEqual(described);
  });

  // Whether they work is tried end to end, in e2e/src/together/docs.ts.
  it('has an example for every body, and for every parameter that there must be', () => {
    for (const { name, operation } of operations()) {
      const body = operation.requestBody?.content['application/json'];
      if (body) expect(Object.keys(body.examples ?? {}), name).toEqual(['demo']);
      for (const parameter of operation.parameters ?? [])
        if (parameter.required) expect(parameter.schema.example, name).toBeTruthy();
    }
  });

  it('says which routes want a token', () => {
    const open = operations().filter(({ path, operation }) => path.startsWith('/v1/') && !operation.security);
    expect(open.map(({ name }) => name).sort()).toEqual([
      'POST /v1/guests',
      'POST /v1/invitation',
      'POST /v1/login',
      'POST /v1/register',
    ]);
  });

  it('comes from the schemas that validate', () => {
    const { schema } = document.paths['/v1/rooms/{id}/messages']?.['post']?.requestBody?.content[
      'application/json'
    ] as { schema: object };
    expect(schema).toMatchObject({
      type: 'object',
      properties: { msg: { type: 'string' } },
      required: ['msg'],
    });
    expect(JSON.stringify(document)).not.toContain('$schema');
    const names = document.paths['/v1/rooms/{id}/messages']?.['get']?.parameters?.map(({ name }) => name);
    expect(names?.sort()).toEqual(['after', 'before', 'id', 'limit']);
    expect(document.paths['/v1/rooms']?.['get']?.parameters).toMatchObject([
      { name: 'limit', schema: { type: 'integer', minimum: 1, maximum: limits.maxListedRooms } },
      { name: 'cursor', schema: { type: 'string' } },
      { name: 'q', required: false },
    ]);
  });
});

describe('the page', () => {
  it('takes everything from this server, and its policy lets nothing else in', async () => {
    const page = await api.app.inject('/docs');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");
    const sources = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source as string);
    expect(sources.length).toBeGreaterThan(3);
    for (const source of sources) {
      expect(source).not.toMatch(/^(https?:)?\/\//);
      expect((await api.app.inject(new URL(source, 'http://x/').pathname)).statusCode, source).toBe(200);
    }
    expect(page.body).not.toMatch(/<script>[^<]*\S/);
  });
});
