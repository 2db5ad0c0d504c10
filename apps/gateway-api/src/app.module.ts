import { Module, type DynamicModule } from '@nestjs/common';
import { ParleyConfigModule, type AppConfig } from '@parley/config';
import { createLogger, throttledErrorLog } from '@parley/observability';
import { hostModules, SigningKeys } from '@parley/service-host';
import { ApiModule } from './api.module.js';

@Module({})
export class AppModule {
  static forConfig(config: AppConfig<'gateway-api'>): DynamicModule {
    const { instanceId, jwt, log, rate } = config;
    const logger = createLogger({ service: 'gateway-api', instanceId, level: log.level });
    return {
      module: AppModule,
      imports: [
        ParleyConfigModule.forRoot(config),
        ...hostModules(config, { service: 'gateway-api', watch: ['logic'] }),
        ApiModule.forRoot({ keys: SigningKeys.of(jwt), rate, errorLog: throttledErrorLog(logger) }),
      ],
    };
  }
}
