import 'reflect-metadata';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { loadConfig } from '@parley/config';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppModule } from './app.module.js';
import { serveSite } from './static-files.js';

let app: NestFastifyApplication;
let publicDir: string;

beforeAll(async () => {
  publicDir = mkdtempSync(join(tmpdir(), 'parley-web-'));
  mkdirSync(join(publicDir, 'assets'));
  writeFileSync(join(publicDir, 'index.html'), '<!doctype html><title>Parley</title>');
  writeFileSync(join(publicDir, 'assets', 'index-abc123.js'), 'export {};');
  writeFileSync(join(publicDir, 'assets', 'index-abc123.js.br'), 'brotli of the script');
  writeFileSync(join(publicDir, 'assets', 'index-abc123.js.gz'), 'gzip of the script');
  writeFileSync(join(publicDir, 'index.html.br'), 'brotli of the page');
  writeFileSync(join(publicDir, 'plain.txt'), 'plain');
  writeFileSync(join(publicDir, '.secret'), 'x');
  const config = loadConfig('web', { env: { PARLEY_LOG_LEVEL: 'silent', PARLEY_API_PORT: '7171' } });
  const module = await Test.createTestingModule({ imports: [AppModule.forConfig(config)] }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  await serveSite(app, config, publicDir);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});

afterAll(async () => {
  await app?.close();
  rmSync(publicDir, { recursive: true, force: true });
});

const get = (url: string) => app.inject({ method: 'GET', url, headers: { host: 'chat.example:8080' } });

/** As a browser goes to a page. */
const visit = (url: string, more: Readonly<Record<string, string>> = {}) =>
  app.inject({
    method: 'GET',
    url,
    headers: { host: 'chat.example:8080', accept: 'text/html,*/*;q=0.8', ...more },
  });

describe('the site', () => {
  it.each([
    '/',
    '/login',
    '/register',
    '/rooms/1',
    '/rooms/1?x=y',
    '/direct/4',
    '/join/abcdefghij_klmnopqr-',
    '/code',
    '/code/abc-234',
  ])('%s is the page', async (url) => {
    const answer = await get(url);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toContain('text/html');
    expect(answer.headers['cache-control']).toBe('no-cache');
    expect(answer.headers['content-security-policy']).toContain('http://chat.example:7171');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.body).toContain('Parley');
  });

  it('keeps assets for a year', async () => {
    const answer = await get('/assets/index-abc123.js');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toContain('javascript');
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });

  // An old page that asks for a script that a deploy has removed must not be given HTML.
  it.each(['/assets/index-old.js', '/assets/nothing', '/nothing.css', '/.secret', '/..%2f..%2fpackage.json'])(
    '%s is a 404, for a browser too',
    async (url) => {
      const answer = await visit(url);
      expect(answer.statusCode).toBe(404);
      expect(answer.body).not.toContain('<!doctype');
      expect(answer.headers['cache-control']).not.toBe('public, max-age=31536000, immutable');
    },
  );

  it.each([
    '/nothing',
    '/rooms',
    '/rooms/x',
    '/rooms/0',
    '/direct/1e3',
    '/rooms/1/2',
    '/join',
    '/join/short',
    '/code/a_b',
    '/nothing?x=y.z',
    '//rooms/1',
    '/a%00b',
  ])('%s is the page with 404 for a browser, and no page for others', async (url) => {
    const answer = await visit(url, {
      'if-none-match': 'W/"1-1"',
      'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT',
    });
    expect(answer.statusCode).toBe(404);
    expect(answer.body).toContain('<!doctype');
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(answer.headers['content-type']).toContain('text/html');
    expect(answer.headers['content-security-policy']).toContain('default-src');
    expect(answer.headers['etag']).toBeUndefined();
    const other = await get(url);
    expect([other.statusCode, other.json().statusCode]).toEqual([404, 404]);
    expect((await app.inject({ method: 'POST', url, headers: { accept: 'text/html' } })).body).not.toContain(
      '<!doctype',
    );
  });

  it.each([
    ['br, gzip', 'br', 'brotli of the script'],
    ['gzip', 'gzip', 'gzip of the script'],
    ['identity', undefined, 'export {};'],
    [undefined, undefined, 'export {};'],
  ])('to whoever takes %s an asset goes as %s', async (accepted, encoding, body) => {
    const url = '/assets/index-abc123.js';
    const answer = await visit(url, accepted === undefined ? {} : { 'accept-encoding': accepted });
    expect([answer.headers['content-encoding'], answer.body]).toEqual([encoding, body]);
    expect(answer.headers['content-type']).toContain('javascript');
    expect(answer.headers['vary']).toContain('accept-encoding');
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    // Each form has a tag of its own: one may not stand for the other.
    const tag = String(answer.headers['etag']);
    const again = { 'if-none-match': tag, ...(accepted !== undefined && { 'accept-encoding': accepted }) };
    expect((await visit(url, again)).statusCode).toBe(304);
    const head = await app.inject({ method: 'HEAD', url, headers: { 'accept-encoding': accepted ?? '' } });
    expect([head.statusCode, head.body, head.headers['content-length']]).toEqual([200, '', `${body.length}`]);
  });

  it('goes compressed itself, and what is not compressed goes as it is', async () => {
    const page = await visit('/rooms/1', { 'accept-encoding': 'br' });
    expect([page.headers['content-encoding'], page.headers['cache-control']]).toEqual(['br', 'no-cache']);
    expect(
      (await visit('/rooms/1', { 'if-none-match': String(page.headers['etag']), 'accept-encoding': 'br' }))
        .statusCode,
    ).toBe(304);
    const plain = await visit('/plain.txt', { 'accept-encoding': 'br, gzip' });
    expect([plain.headers['content-encoding'], plain.body]).toEqual([undefined, 'plain']);
    const part = await visit('/plain.txt', { range: 'bytes=1-2' });
    expect([part.statusCode, part.body]).toEqual([206, 'la']);
  });

  it('tells the page where the other apps are, and nobody keeps that', async () => {
    const answer = await get('/config.json');
    expect(answer.json()).toEqual({
      apiUrl: null,
      wsUrls: null,
      apiPort: 7171,
      wsPorts: [7000],
      wsPath: '/ws',
      demo: null,
    });
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('is alive', async () => {
    expect((await get('/health/live')).statusCode).toBe(200);
  });
});
