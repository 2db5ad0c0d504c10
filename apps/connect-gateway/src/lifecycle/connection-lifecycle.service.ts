import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AppError, CloseCode, Op } from '@parley/protocol';
import { refuse } from '../frames/replies.js';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway-config.js';
import { RoomDirectory } from '../rooms/room-directory.js';
import { ConnectionIndex } from '../connections/connection-index.js';
import type { Connection } from '../connections/connection.js';
import { countRefusal } from '../connections/refusals.js';

/** One timer for all connections instead of one each. */
const MAX_WHEEL_INTERVAL_MS = 5_000;

/** Refused connections that are being told why; more are cut off without a word. */
const MAX_REFUSED = 1_000;

/** Opens, watches and closes connections, whatever their transport. */
@Injectable()
export class ConnectionLifecycle implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private draining = false;
  /** Those that are told why they are not taken. */
  private readonly refused = new Set<Connection>();

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    @Inject(ConnectionIndex) private readonly connections: ConnectionIndex,
    @Inject(RoomDirectory) private readonly rooms: RoomDirectory,
  ) {}

  onApplicationBootstrap(): void {
    const { unauthenticatedIdleMs, heartbeatIntervalMs } = this.config;
    const intervalMs = Math.min(MAX_WHEEL_INTERVAL_MS, unauthenticatedIdleMs / 4, heartbeatIntervalMs / 2);
    this.timer = setInterval(() => this.turnWheel(), intervalMs);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    for (const connection of this.connections.all()) connection.close(CloseCode.goingAway, 'GOING_AWAY');
  }

  /** @returns false when the instance takes no more connections; it is closed then. */
  opened(connection: Connection): boolean {
    const refusal = this.refusalOf(connection);
    if (refusal) {
      countRefusal(refusal[1]);
      if (this.refused.size >= MAX_REFUSED) connection.destroy();
      else {
        this.refused.add(connection);
        connection.close(...refusal);
      }
      return false;
    }
    this.connections.add(connection);
    return true;
  }

  closed(connection: Connection): void {
    connection.markClosed();
    // It had no place to give back.
    if (this.refused.delete(connection) || !this.connections.all().has(connection)) return;
    for (const roomId of [...connection.memberships.keys()]) this.rooms.leave(connection, roomId);
    this.connections.remove(connection);
  }

  /**
   * Sends everyone away, spread over the window: each client is told when to come back, and is served until then.
   * Resolves when all are gone, or the window is over.
   */
  async drain(windowMs: number): Promise<void> {
    this.draining = true;
    for (const connection of this.connections.all()) {
      const delayMs = Math.floor(Math.random() * windowMs);
      connection.send(JSON.stringify({ op: Op.goaway, reconnectAfterMs: delayMs, reason: 'shutdown' }));
      setTimeout(() => connection.close(CloseCode.goingAway, 'GOING_AWAY'), delayMs).unref();
    }
    const deadline = performance.now() + windowMs + 500;
    while (this.connections.size > 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20));
  }

  private refusalOf(connection: Connection): [CloseCode, string] | undefined {
    const { maxConnections, connectionsPerAddress } = this.config;
    if (this.draining) return [CloseCode.overloaded, 'GOING_AWAY'];
    if (this.connections.size >= maxConnections) return [CloseCode.overloaded, 'OVERLOADED'];
    if (this.connections.strangersFrom(connection.addressKey) >= connectionsPerAddress)
      return [CloseCode.tooManyConnections, 'TOO_MANY_CONNECTIONS'];
    return undefined;
  }

  private turnWheel(): void {
    const now = performance.now();
    for (const connection of this.connections.all()) this.inspect(connection, now);
  }

  private inspect(connection: Connection, now: number): void {
    const { identity } = connection;
    if (!identity) {
      if (now - connection.openedAt > this.config.unauthenticatedIdleMs)
        refuse(connection, new AppError('AUTH_TIMEOUT'));
      return;
    }
    // A token's end is a date that another machine has written: the only time here that is not of this process.
    if (identity.expiresAt <= Date.now())
      return connection.close(CloseCode.unauthenticated, 'UNAUTHENTICATED');
    const silentMs = now - connection.lastSeenAt;
    if (connection.answersPings && silentMs > this.config.heartbeatTimeoutMs)
      return refuse(connection, new AppError('HEARTBEAT_TIMEOUT'));
    const { heartbeatIntervalMs } = this.config;
    if (silentMs < heartbeatIntervalMs || now - connection.pingedAt < heartbeatIntervalMs) return;
    connection.pingedAt = now;
    connection.ping();
  }
}
