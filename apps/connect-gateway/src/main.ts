import 'reflect-metadata';
import { loadConfigOrExit } from '@parley/config';
import { createLogger, noticeLog, openIdentity, type HandshakeLimits } from '@parley/observability';
import { OriginGate, runService } from '@parley/service-host';
import { AppModule } from './app.module.js';
import { ConnectionLifecycle } from './lifecycle/connection-lifecycle.service.js';
import { warnOfFewFiles } from './lifecycle/open-files.js';
import { HANDSHAKE_LIMITS } from './transports/handshake-limits.js';
import { ParleyWsAdapter } from './transports/parley-ws-adapter.js';
import { TcpServer } from './transports/tcp-server.service.js';

const config = loadConfigOrExit('connect-gateway');
const { instanceId, log } = config;
const logger = createLogger({ service: 'connect-gateway', instanceId, ...log });
const notice = noticeLog(logger);
const identity = openIdentity(config.tls, logger);
const gate = new OriginGate(config.origins, notice);

await runService({
  service: 'connect-gateway',
  config,
  module: AppModule.forConfig(config, notice, identity),
  identity,
  handshakes: (app) => app.get<HandshakeLimits>(HANDSHAKE_LIMITS),
  port: config.ws.port,
  portName: 'ws',
  servesRpc: true,
  configure: (app) => {
    gate.warnAtStart(logger, config.host);
    warnOfFewFiles(logger, config.limits.maxConnections);
    // Somebody looks at it with a browser.
    const http = app.getHttpAdapter();
    http.get(config.ws.path, (_request: unknown, reply: Parameters<typeof http.reply>[0]) => {
      http.setHeader(reply, 'upgrade', 'websocket');
      http.reply(reply, undefined, 426);
    });
    app.useWebSocketAdapter(
      new ParleyWsAdapter(app, {
        path: config.ws.path,
        isOriginAllowed: (origin) => gate.allows(origin),
      }),
    );
  },
  onListening: async (app): Promise<Record<string, number>> => {
    const { port } = config.tcp;
    return port === 'off' ? {} : { tcp: await app.get(TcpServer).listen(port, config.host) };
  },
  drain: async (app) => {
    app.get(TcpServer).stopAccepting();
    await app.get(ConnectionLifecycle).drain(config.shutdown.drainWindowMs);
  },
});
