import 'reflect-metadata';
import { loadConfigOrExit } from '@parley/config';
import { limits } from '@parley/protocol';
import { runService } from '@parley/service-host';
import { AppModule } from './app.module.js';
import { configureHttp } from './http/configure-http.js';

const config = loadConfigOrExit('gateway-api');

await runService({
  service: 'gateway-api',
  config,
  module: AppModule.forConfig(config),
  port: config.http.port,
  portName: 'http',
  bodyLimitBytes: limits.maxHttpBodyBytes,
  trustProxy: config.trustProxy,
  servesRpc: false,
  configure: (app) => configureHttp(app, config),
});
