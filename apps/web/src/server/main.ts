import 'reflect-metadata';
import { loadConfigOrExit } from '@parley/config';
import { bootstrapApp } from '@parley/observability';
import { join } from 'node:path';
import { AppModule } from './app.module.js';
import { serveSite } from './static-files.js';

const config = loadConfigOrExit('web');

await bootstrapApp({
  service: 'web',
  config,
  module: AppModule.forConfig(config),
  port: config.http.port,
  portName: 'http',
  // Beside dist/main.js, which this file becomes.
  configure: (app) => serveSite(app, config, join(import.meta.dirname, 'public')),
});
