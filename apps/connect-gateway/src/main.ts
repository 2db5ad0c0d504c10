import 'reflect-metadata';
import { isOriginAllowed, loadConfigOrExit } from '@parley/config';
import { runService } from '@parley/service-host';
import { AppModule } from './app.module.js';
import { ConnectionLifecycle } from './lifecycle/connection-lifecycle.service.js';
import { ParleyWsAdapter } from './transports/parley-ws-adapter.js';
import { TcpServer } from './transports/tcp-server.service.js';

const config = loadConfigOrExit('connect-gateway');

await runService({
  service: 'connect-gateway',
  config,
  module: AppModule.forConfig(config),
  port: config.ws.port,
  portName: 'ws',
  servesRpc: true,
  configure: (app) => {
    // Somebody looks at it with a browser.
    const http = app.getHttpAdapter();
    http.get(config.ws.path, (_request: unknown, reply: Parameters<typeof http.reply>[0]) => {
      http.setHeader(reply, 'upgrade', 'websocket');
      http.reply(reply, undefined, 426);
    });
    app.useWebSocketAdapter(
      new ParleyWsAdapter(app, {
        path: config.ws.path,
        isOriginAllowed: (origin) => isOriginAllowed(config.origins, origin),
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
