import { Module, type DynamicModule } from '@nestjs/common';
import { ParleyConfigModule } from '@parley/config';
import {
  failedHandshakes,
  type HandshakeLimits,
  type NoticeLog,
  type ServerIdentity,
  type TlsSide,
} from '@parley/observability';
import { hostModules, SigningKeys, TokenVerifier } from '@parley/service-host';
import { ConnectionIndex } from './connections/connection-index.js';
import { ConnectionLifecycle } from './lifecycle/connection-lifecycle.service.js';
import { DeliveryRpcController } from './delivery/delivery.rpc-controller.js';
import { AuthenticatorService } from './frames/authenticator.service.js';
import { FrameDispatcher } from './frames/frame-dispatcher.js';
import { QuestionLimits } from './frames/question-limits.js';
import { FrameIntake } from './frames/frame-intake.js';
import { FrameRates } from './frames/frame-rates.js';
import { HintListener } from './hints/hint-listener.js';
import { GATEWAY_CONFIG, type GatewayAppConfig, type GatewayConfig } from './gateway-config.js';
import { GatewayMetrics } from './gateway-metrics.js';
import { ListWatchers } from './lists/list-watchers.js';
import { ReadReports } from './lists/read-reports.js';
import { LobbyWatchers } from './lobby/lobby-watchers.js';
import { Admissions } from './rooms/admissions.js';
import { PositionCheck } from './rooms/position-check.js';
import { PresenceAnnouncer } from './rooms/presence-announcer.js';
import { RoomDirectory } from './rooms/room-directory.js';
import { CALLER_ADDRESS, callerAddresses } from './transports/caller-address.js';
import { ChatGateway } from './transports/chat.gateway.js';
import { HANDSHAKE_LIMITS, handshakeLimits } from './transports/handshake-limits.js';
import { TCP_TLS, TcpServer } from './transports/tcp-server.service.js';

@Module({})
export class AppModule {
  /**
   * @param notice - Told of proxies that nobody trusts, and of handshakes that failed.
   * @param identity - What the TCP side shows; undefined when it speaks plain.
   */
  static forConfig(
    config: GatewayAppConfig,
    notice: NoticeLog,
    identity: ServerIdentity | undefined,
  ): DynamicModule {
    const gatewayConfig: GatewayConfig = {
      instanceId: config.instanceId,
      drainWindowMs: config.shutdown.drainWindowMs,
      hints: config.hints,
      ...config.limits,
    };
    return {
      module: AppModule,
      imports: [
        ParleyConfigModule.forRoot(config),
        ...hostModules(config, { service: 'connect-gateway', watch: ['logic', 'connect-gateway'] }),
      ],
      controllers: [DeliveryRpcController],
      providers: [
        Admissions,
        { provide: GATEWAY_CONFIG, useValue: gatewayConfig },
        { provide: CALLER_ADDRESS, useValue: callerAddresses(config.trustProxy, notice) },
        {
          provide: HANDSHAKE_LIMITS,
          useFactory: (index: ConnectionIndex) => handshakeLimits(gatewayConfig, index, config.trustProxy),
          inject: [ConnectionIndex],
        },
        {
          provide: TCP_TLS,
          useFactory: (limits: HandshakeLimits): TlsSide | undefined =>
            identity && { identity, handshakes: { ...limits, onFailed: failedHandshakes(notice) } },
          inject: [HANDSHAKE_LIMITS],
        },
        AuthenticatorService,
        ChatGateway,
        ConnectionIndex,
        ConnectionLifecycle,
        FrameDispatcher,
        FrameIntake,
        FrameRates,
        GatewayMetrics,
        HintListener,
        ListWatchers,
        LobbyWatchers,
        PositionCheck,
        PresenceAnnouncer,
        QuestionLimits,
        ReadReports,
        RoomDirectory,
        { provide: SigningKeys, useValue: SigningKeys.of(config.jwt) },
        TcpServer,
        TokenVerifier,
      ],
    };
  }
}
