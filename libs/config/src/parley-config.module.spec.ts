import 'reflect-metadata';
import { ConfigService } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import { expect, it } from 'vitest';

import { findRoot } from './config-files.js';
import { loadConfig } from './load-config.js';
import { APP_CONFIG, ParleyConfigModule } from './parley-config.module.js';

it('hands the frozen object to Nest, and never the environment', async () => {
  const config = loadConfig('web', { env: {}, root: findRoot(import.meta.dirname) ?? '' });
  const module = await Test.createTestingModule({ imports: [ParleyConfigModule.forRoot(config)] }).compile();
  expect(module.get(APP_CONFIG)).toBe(config);
  const service = module.get(ConfigService);
  expect(service.get('http.port')).toBe(8080);
  expect(process.env['PATH']).toBeDefined();
  expect(service.get('PATH')).toBeUndefined();
  await module.close();
});
