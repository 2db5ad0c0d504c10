import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { ParleyConfigModule, type AppConfig } from '@parley/config';
import { createLogger, throttledErrorLog } from '@parley/observability';
import { PublishCoalescer, RpcClient } from '@parley/rpc';
import { hostModules } from '@parley/service-host';
import { AuthGuard } from './auth/auth.guard.js';
import { TokenVerifier } from './auth/token-verifier.service.js';
import { AppErrorFilter, ERROR_LOG } from './errors/app-error.filter.js';
import { RateLimits } from './http/rate-limits.js';
import { PushController } from './seed/push.controller.js';
import { UserController } from './seed/user.controller.js';
import { MessagesController } from './v1/messages.controller.js';
import { RoomsController } from './v1/rooms.controller.js';
import { SessionsController } from './v1/sessions.controller.js';

@Module({})
export class AppModule {
  static forConfig(config: AppConfig<'gateway-api'>): DynamicModule {
    const { instanceId, log } = config;
    return {
      module: AppModule,
      imports: [
        ParleyConfigModule.forRoot(config),
        JwtModule.register({ secret: config.jwt.secret.reveal(), verifyOptions: { algorithms: ['HS256'] } }),
        ...hostModules(config, { service: 'gateway-api', watch: ['logic'] }),
      ],
      controllers: [UserController, PushController, SessionsController, RoomsController, MessagesController],
      providers: [
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_FILTER, useClass: AppErrorFilter },
        {
          provide: ERROR_LOG,
          useValue: throttledErrorLog(createLogger({ service: 'gateway-api', instanceId, level: log.level })),
        },
        { provide: RateLimits, useValue: new RateLimits(config.rate.loginPerMinute) },
        {
          provide: PublishCoalescer,
          useFactory: (rpc: RpcClient) => new PublishCoalescer(rpc),
          inject: [RpcClient],
        },
        TokenVerifier,
      ],
    };
  }
}
