import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';

import type { CommonConfig } from './schemas.js';

/** Injects the frozen config, typed: `@Inject(APP_CONFIG) config: AppConfig<'logic'>`. */
export const APP_CONFIG = Symbol('APP_CONFIG');

/** Hands the frozen config to Nest. Global: import it once. */
@Module({})
export class ParleyConfigModule {
  /** @param config - From `loadConfig`. Nest's `ConfigService` reads the same object, and never `process.env`. */
  static forRoot(config: CommonConfig): DynamicModule {
    const provider = { provide: APP_CONFIG, useValue: config };
    return {
      module: ParleyConfigModule,
      global: true,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          skipProcessEnv: true,
          load: [() => config],
        }),
      ],
      providers: [provider],
      exports: [provider],
    };
  }
}
