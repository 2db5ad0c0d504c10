import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ParleyConfigModule, type AppConfig } from '@parley/config';
import { HealthModule, LoggingModule, MetricsModule } from '@parley/observability';
import { MissingPageFilter } from './missing-page.filter.js';
import { PagesController } from './pages.controller.js';

@Module({})
export class AppModule {
  static forConfig(config: AppConfig<'web'>): DynamicModule {
    const { instanceId, log } = config;
    return {
      module: AppModule,
      imports: [
        ParleyConfigModule.forRoot(config),
        LoggingModule.forRoot({ service: 'web', instanceId, level: log.level, pretty: log.pretty }),
        HealthModule,
        MetricsModule.forRoot({
          app: 'web',
          token: config.metrics.token?.reveal(),
          loopback: config.env === 'dev',
        }),
      ],
      controllers: [PagesController],
      providers: [{ provide: APP_FILTER, useClass: MissingPageFilter }],
    };
  }
}
