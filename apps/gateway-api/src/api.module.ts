import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { MetricsRegistry, type ErrorLog } from '@parley/observability';
import { PublishCoalescer, RpcClient, SEND_SECONDS } from '@parley/rpc';
import { Admission } from './auth/admission.js';
import { CredentialsService } from './auth/credentials.service.js';
import { AuthGuard } from './auth/auth.guard.js';
import { SigningKeys, TokenVerifier } from '@parley/service-host';
import { AppErrorFilter, ERROR_LOG } from './errors/app-error.filter.js';
import { RateLimits, type RateOptions } from './http/rate-limits.js';
import { PushController } from './seed/push.controller.js';
import { UserController } from './seed/user.controller.js';
import { GuestsController } from './v1/door/guests.controller.js';
import { DoorController } from './v1/door/door.controller.js';
import { InvitesController } from './v1/door/invites.controller.js';
import { WaitingController } from './v1/door/waiting.controller.js';
import { MessagesController } from './v1/messages.controller.js';
import { ActCalls } from './v1/hosting/act-calls.js';
import { PeopleController } from './v1/hosting/people.controller.js';
import { RecordsController } from './v1/hosting/records.controller.js';
import { RoomActsController } from './v1/hosting/room-acts.controller.js';
import { ReadingController } from './v1/reading.controller.js';
import { RoomsController } from './v1/rooms.controller.js';
import { SessionsController } from './v1/sessions.controller.js';
import { UsersController } from './v1/users.controller.js';

export interface ApiModuleOptions {
  readonly keys: SigningKeys;
  readonly rate: RateOptions;
  readonly errorLog: ErrorLog;
}

/** The routes and what stands before them. Needs `RpcClient` and `RevocationList` from global modules. */
@Module({})
export class ApiModule {
  static forRoot({ keys, rate, errorLog }: ApiModuleOptions): DynamicModule {
    return {
      module: ApiModule,
      // In the order of the docs.
      controllers: [
        SessionsController,
        RoomsController,
        UsersController,
        MessagesController,
        ReadingController,
        RecordsController,
        RoomActsController,
        PeopleController,
        InvitesController,
        DoorController,
        WaitingController,
        GuestsController,
        UserController,
        PushController,
      ],
      providers: [
        ActCalls,
        Admission,
        CredentialsService,
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_FILTER, useClass: AppErrorFilter },
        { provide: ERROR_LOG, useValue: errorLog },
        { provide: RateLimits, useValue: new RateLimits(rate) },
        {
          provide: PublishCoalescer,
          useFactory: (rpc: RpcClient, metrics: MetricsRegistry) => {
            const sends = metrics.durations(SEND_SECONDS).of();
            return new PublishCoalescer(rpc, {}, (seconds) => sends.observe(seconds));
          },
          inject: [RpcClient, MetricsRegistry],
        },
        { provide: SigningKeys, useValue: keys },
        TokenVerifier,
      ],
    };
  }
}
