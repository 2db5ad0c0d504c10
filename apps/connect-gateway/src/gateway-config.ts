import type { loadConfig } from '@parley/config';

/** The whole config of this process. */
export type GatewayAppConfig = ReturnType<typeof loadConfig<'connect-gateway'>>;

/** What the gateway's services need of it. */
export interface GatewayConfig {
  readonly instanceId: string;
  /** Whether it hears of messages as they are accepted. */
  readonly hints: boolean;
  readonly maxOutboundBytes: number;
  readonly maxConnections: number;
  readonly connectionsPerUser: number;
  readonly connectionsPerAddress: number;
  readonly sendBurst: number;
  readonly sendsPerSecond: number;
  readonly positionCheckMs: number;
  readonly unauthenticatedIdleMs: number;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly drainWindowMs: number;
}

/** Injection token of {@link GatewayConfig}. */
export const GATEWAY_CONFIG = Symbol('GATEWAY_CONFIG');
