import { Module, type DynamicModule } from '@nestjs/common';
import { ParleyConfigModule, type AppConfig } from '@parley/config';
import { createLogger, throttledErrorLog } from '@parley/observability';
import { REGISTRY, type Registry } from '@parley/registry';
import { hostModules, SigningKeys } from '@parley/service-host';
import { ActsService } from './acts/acts.service.js';
import { ActsRpcController } from './acts.rpc-controller.js';
import { RoomRecordsService } from './acts/room-records.service.js';
import { MessageFinder } from './acts/message-finder.js';
import { AccountsModule } from './accounts/accounts.module.js';
import { FIRST_ADMIN, FirstAdminService } from './accounts/first-admin.service.js';
import { SeedService } from './accounts/seed.service.js';
import { ArchiveReader } from './archive/archive-reader.js';
import { DatabaseLifeService } from './database-life/database-life.service.js';
import { LIFE_SURROUNDINGS, lifeSurroundings } from './database-life/life-surroundings.js';
import { DoorRpcController } from './door/door.rpc-controller.js';
import { DoorService } from './door/door.service.js';
import { GuestNamesService } from './door/guest-names.service.js';
import { LobbyHints } from './door/lobby-hints.js';
import { LobbyService } from './door/lobby.service.js';
import { RoomDoorService } from './door/room-door.service.js';
import { DirectoryFeed } from './directory/directory-feed.service.js';
import { UserSearchService } from './directory/user-search.service.js';
import { DatabaseModule } from './database.module.js';
import { LineLivesRepository } from './line/line-lives.repository.js';
import { LineService } from './line/line.service.js';
import { ERROR_LOG } from './error-log.js';
import { LOGIC_INSTANCE, LOGIC_OPTIONS, type LogicOptions } from './logic-options.js';
import { LogicRpcController } from './logic.rpc-controller.js';
import { AckLevelService } from './messages/ack-level.service.js';
import { ArchiveService } from './messages/archive.service.js';
import { AsideAlarm } from './messages/aside-alarm.service.js';
import { DirectRoomsService } from './messages/direct-rooms.service.js';
import { HistoryService } from './messages/history.service.js';
import { OwnDatabaseService } from './messages/own-database.service.js';
import { PublishMetrics } from './messages/publish-metrics.js';
import { PublishService } from './messages/publish.service.js';
import { RoomAccessService } from './messages/room-access.service.js';
import { RoomHeadsService } from './messages/room-heads.service.js';
import { SentBeforeService } from './messages/sent-before.service.js';
import { RoomParkingService } from './parking/room-parking.service.js';
import { LivePresenceService } from './presence/live-presence.service.js';
import { RoomListsService } from './presence/room-lists.service.js';
import { RoomsService } from './presence/rooms.service.js';
import { ReadingService } from './reading/reading.service.js';
import { RoomTails } from './reading/room-tails.service.js';
import { MarksService } from './record/marks.service.js';
import { OriginalsService } from './retention/originals.service.js';
import { RoomUseService } from './rooms/room-use.service.js';
import { SessionsService } from './sessions/sessions.service.js';
import { STORAGE_NEEDS, StorageCheck, type StorageNeeds } from './storage-check.service.js';

@Module({})
export class AppModule {
  static forConfig(config: AppConfig<'logic'>): DynamicModule {
    const { instanceId, log } = config;
    const logger = createLogger({ service: 'logic', instanceId, level: log.level });
    const needs: StorageNeeds = { durable: config.env === 'prod', replicas: config.acks.replicas };
    const options: LogicOptions = { ...config.limits, roomCreation: config.roomCreation };
    return {
      module: AppModule,
      imports: [
        ParleyConfigModule.forRoot(config),
        ...hostModules(config, {
          service: 'logic',
          watch: ['connect-gateway', 'logic'],
          maxPendingEntries: config.maxPendingEntries,
          acks: config.acks,
        }),
        AccountsModule.forRoot({
          argon2: config.argon2,
          keys: SigningKeys.of(config.jwt),
          sessionTtlMs: config.jwt.ttlMs,
          demo: config.demoAccounts,
        }),
        DatabaseModule.forRoot(config.database.url.reveal(), config.database.caFile),
      ],
      controllers: [LogicRpcController, ActsRpcController, DoorRpcController],
      providers: [
        { provide: LOGIC_OPTIONS, useValue: options },
        { provide: LOGIC_INSTANCE, useValue: instanceId },
        { provide: FIRST_ADMIN, useValue: config.firstAdmin },
        FirstAdminService,
        { provide: STORAGE_NEEDS, useValue: needs },
        AckLevelService,
        ActsService,
        MarksService,
        MessageFinder,
        { provide: ERROR_LOG, useValue: throttledErrorLog(logger) },
        ArchiveReader,
        ArchiveService,
        AsideAlarm,
        {
          provide: LIFE_SURROUNDINGS,
          useFactory: (registry: Registry) => lifeSurroundings(registry, instanceId),
          inject: [REGISTRY],
        },
        DatabaseLifeService,
        DirectoryFeed,
        DoorService,
        DirectRoomsService,
        GuestNamesService,
        HistoryService,
        LineLivesRepository,
        LobbyHints,
        LobbyService,
        LineService,
        LivePresenceService,
        OriginalsService,
        OwnDatabaseService,
        PublishMetrics,
        PublishService,
        ReadingService,
        RoomAccessService,
        RoomDoorService,
        RoomHeadsService,
        RoomListsService,
        RoomParkingService,
        RoomRecordsService,
        RoomTails,
        RoomUseService,
        RoomsService,
        SeedService,
        SentBeforeService,
        SessionsService,
        StorageCheck,
        UserSearchService,
      ],
    };
  }
}
