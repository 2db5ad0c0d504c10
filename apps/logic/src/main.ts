import 'reflect-metadata';
import { loadConfigOrExit } from '@parley/config';
import { runService } from '@parley/service-host';
import { AppModule } from './app.module.js';

const config = loadConfigOrExit('logic');

await runService({
  service: 'logic',
  config,
  module: AppModule.forConfig(config),
  port: config.admin.port,
  portName: 'admin',
  servesRpc: true,
});
