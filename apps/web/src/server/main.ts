import 'reflect-metadata';
import { loadConfigOrExit } from '@parley/config';
import { bootstrapApp, createLogger, openIdentity } from '@parley/observability';
import { join } from 'node:path';
import { AppModule } from './app.module.js';
import { misleadingSetting } from './site-config.js';
import { serveSite } from './static-files.js';

const config = loadConfigOrExit('web');

const { instanceId, log, host } = config;
const logger = createLogger({ service: 'web', instanceId, ...log });
const setting = misleadingSetting(config, host);
if (setting !== undefined) {
  const why = 'browsers at other machines are sent to their own one';
  logger.warn({ host, why, setting }, 'people are kept out');
}

await bootstrapApp({
  service: 'web',
  config,
  identity: openIdentity(config.tls, logger),
  module: AppModule.forConfig(config),
  port: config.http.port,
  portName: 'http',
  // Beside dist/main.js, which this file becomes.
  configure: (app) => serveSite(app, config, join(import.meta.dirname, 'public')),
});
