import { Module, type DynamicModule } from '@nestjs/common';
import { ParleyConfigModule, type AppConfig } from '@parley/config';
import { hostModules } from '@parley/service-host';
import { ArchiverService } from './archiver.service.js';
import { DispatcherService } from './dispatcher.service.js';
import { WORKER_CONFIG, WorkerService } from './worker.service.js';

@Module({})
export class AppModule {
  static forConfig(config: AppConfig<'task-worker'>): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ParleyConfigModule.forRoot(config),
        ...hostModules(config, {
          service: 'task-worker',
          watch: ['logic', 'connect-gateway', 'task-worker'],
        }),
      ],
      providers: [
        { provide: WORKER_CONFIG, useValue: config },
        ArchiverService,
        DispatcherService,
        WorkerService,
      ],
    };
  }
}
