import 'reflect-metadata';
import { isOriginAllowed, loadConfigOrExit } from '@parley/config';
import { limits } from '@parley/protocol';
import { runService, VERSION } from '@parley/service-host';
import { AppModule } from './app.module.js';
import { setupDocs } from './docs/setup-docs.js';

const config = loadConfigOrExit('gateway-api');

/** How long a browser may remember a preflight's answer, seconds. */
const PREFLIGHT_MAX_AGE_S = 600;

await runService({
  service: 'gateway-api',
  config,
  module: AppModule.forConfig(config),
  port: config.http.port,
  portName: 'http',
  bodyLimitBytes: limits.maxHttpBodyBytes,
  trustProxy: config.trustProxy,
  servesRpc: false,
  configure: (app) => {
    app.enableCors({
      origin: (origin: string | undefined, answer: (error: null, allow: boolean) => void) =>
        answer(null, origin !== undefined && isOriginAllowed(config.cors.origins, origin)),
      methods: ['GET', 'POST', 'DELETE'],
      allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'x-request-id'],
      exposedHeaders: ['x-request-id', 'retry-after'],
      maxAge: PREFLIGHT_MAX_AGE_S,
    });
    setupDocs(app, VERSION);
  },
});
