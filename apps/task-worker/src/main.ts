import 'reflect-metadata';
import { loadConfigOrExit } from '@parley/config';
import { runService } from '@parley/service-host';
import { AppModule } from './app.module.js';
import { WorkerService } from './worker.service.js';

const config = loadConfigOrExit('task-worker');

await runService({
  service: 'task-worker',
  config,
  module: AppModule.forConfig(config),
  port: config.admin.port,
  portName: 'admin',
  servesRpc: false,
  onListening: (app) => app.get(WorkerService).start(),
  drain: (app) => app.get(WorkerService).stop(),
});
