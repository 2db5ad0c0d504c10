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

describe('the site', () => {
  it.each(['/', '/login', '/register', '/rooms/1', '/rooms/1?x=y', '/direct/4'])(
    '%s is the page',
    async (url) => {
      const answer = await get(url);
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['content-type']).toContain('text/html');
      expect(answer.headers['cache-control']).toBe('no-cache');
      expect(answer.headers['content-security-policy']).toContain('http://chat.example:7171');
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
      expect(answer.body).toContain('Parley');
    },
  );

  it('keeps assets for a year', async () => {
    const answer = await get('/assets/index-abc123.js');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toContain('javascript');
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });

  // An old page that asks for a script that a deploy has removed must not be given HTML.
  it.each(['/assets/index-old.js', '/nothing', '/rooms', '/.secret', '/..%2f..%2fpackage.json'])(
    '%s is a 404',
    async (url) => {
      const answer = await get(url);
      expect(answer.statusCode).toBe(404);
      expect(answer.body).not.toContain('<!doctype');
      expect(answer.headers['cache-control']).not.toBe('public, max-age=31536000, immutable');
    },
  );

  it('tells the page where the other apps are, and nobody keeps that', async () => {
    const answer = await get('/config.json');
    expect(answer.json()).toEqual({
      apiUrl: null,
      wsUrls: null,
      apiPort: 7171,
      wsPorts: [7000],
      wsPath: '/ws',
    });
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('is alive', async () => {
    expect((await get('/health/live')).statusCode).toBe(200);
  });
});
