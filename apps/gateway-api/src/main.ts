import 'reflect-metadata';
import { loadConfigOrExit } from '@parley/config';
import { createLogger, noticeLog, openIdentity } from '@parley/observability';
import { limits } from '@parley/protocol';
import { OriginGate, runService } from '@parley/service-host';
import { AppModule } from './app.module.js';
import { configureHttp } from './configure-http.js';

const config = loadConfigOrExit('gateway-api');
const { instanceId, log, env, trustProxy } = config;
const logger = createLogger({ service: 'gateway-api', instanceId, ...log });
const notice = noticeLog(logger);
const gate = new OriginGate(config.cors.origins, notice);

await runService({
  service: 'gateway-api',
  config,
  identity: openIdentity(config.tls, logger),
  module: AppModule.forConfig(config),
  port: config.http.port,
  portName: 'http',
  bodyLimitBytes: limits.maxHttpBodyBytes,
  trustProxy,
  servesRpc: false,
  configure: (app) => {
    gate.warnAtStart(logger, config.host);
    configureHttp(app, { env, trustProxy, gate, notice });
  },
});
