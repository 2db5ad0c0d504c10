import { Inject, Injectable } from '@nestjs/common';
import type { Identity } from '@parley/contracts';
import { PresenceStore } from '@parley/redis';
import { digestOf } from '@parley/service-host';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway-config.js';
import type { Connection } from './connection.js';
import { Multimap } from './multimap.js';
/** Every so many position checks the users here are said again, whether or not anything looks wrong. */
export const SHARE_USERS_EVERY = 20;
/** So many times may that fail before Redis forgets them. */
const SHARES_PER_TTL = 3;
/** Users said in one pipeline. */
const USERS_PER_PIPELINE = 500;

/** Every connection of this instance, by user and by session. */
@Injectable()
export class ConnectionIndex {
  private readonly connections = new Set<Connection>();
  private readonly byUser = new Multimap<number, Connection>();
  private readonly bySession = new Multimap<string, Connection>();
  /** How many without a user there are, by address. */
  private readonly strangers = new Map<string, number>();
  /** Users who have come or left while Redis could not be told. */
  private readonly unsaid = new Set<number>();
  /** Users of the next batch. */
  private readonly due = new Set<number>();
  private taken = 0;
  private batch: Promise<void> | undefined;
  private nextBatch: Promise<void> | undefined;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    @Inject(PresenceStore) private readonly presence: PresenceStore,
  ) {}

  /** How many there have been. */
  get opened(): number {
    return this.taken;
  }

  get size(): number {
    return this.connections.size;
  }

  all(): ReadonlySet<Connection> {
    return this.connections;
  }

  ofUser(userId: number): ReadonlySet<Connection> {
    return this.byUser.of(userId);
  }

  /** How many connections a user has here. */
  countOf(userId: number): number {
    return this.byUser.count(userId);
  }

  ofSession(sessionId: string): ReadonlySet<Connection> {
    return this.bySession.of(sessionId);
  }

  /** Connections of an address that nobody has logged in on: people who share it are told apart by then. */
  strangersFrom(addressKey: string): number {
    return this.strangers.get(addressKey) ?? 0;
  }

  add(connection: Connection): void {
    this.connections.add(connection);
    this.taken++;
    this.countStranger(connection, 1);
  }

  /**
   * Binds a connection to its user, and says so in Redis, so that direct messages find it.
   *
   * @throws {Error} when Redis cannot be told, or the connection is gone: nobody would take it out again.
   */
  async authenticate(connection: Connection, identity: Identity, token: string): Promise<void> {
    if (!this.connections.has(connection)) throw new Error('the connection is gone');
    this.countStranger(connection, -1);
    connection.identity = identity;
    connection.tokenDigest = digestOf(token);
    connection.sessionIds = [identity.sessionId];
    this.byUser.add(identity.userId, connection);
    this.bySession.add(identity.sessionId, connection);
    await this.share(identity.userId);
  }

  /** A newer token of the same user: the connection lives as long as it does, and ends with its session too. */
  extend(connection: Connection, identity: Identity, token: string): void {
    if (!this.connections.has(connection)) return;
    connection.identity = identity;
    connection.tokenDigest = digestOf(token);
    const [opener = identity.sessionId, extender] = connection.sessionIds;
    if (extender !== undefined) this.bySession.delete(extender, connection);
    this.bySession.add(identity.sessionId, connection);
    connection.sessionIds = [...new Set([opener, identity.sessionId])];
  }

  remove(connection: Connection): void {
    if (this.connections.delete(connection)) this.countStranger(connection, -1);
    const { identity } = connection;
    if (!identity) return;
    this.byUser.delete(identity.userId, connection);
    for (const sessionId of connection.sessionIds) this.bySession.delete(sessionId, connection);
    // When Redis is away it is repeated, and a dispatcher removes what a dead instance left.
    void this.share(identity.userId).catch(() => undefined);
  }

  /** Users with a connection here. */
  users(): number[] {
    return [...this.byUser.keys()];
  }

  /** Says again which users are here: Redis may have lost it. */
  async shareAll(): Promise<void> {
    for (const userId of this.byUser.keys()) this.due.add(userId);
    await this.shareUnsaid();
  }

  /** Says what could not be said before. */
  async shareUnsaid(): Promise<void> {
    for (const userId of this.unsaid) this.due.add(userId);
    if (this.due.size > 0) await this.shareDue();
  }

  private countStranger({ identity, addressKey }: Connection, change: 1 | -1): void {
    if (identity) return;
    const count = this.strangersFrom(addressKey) + change;
    if (count > 0) this.strangers.set(addressKey, count);
    else this.strangers.delete(addressKey);
  }

  private share(userId: number): Promise<void> {
    this.due.add(userId);
    return this.shareDue();
  }

  /** Those who come while a batch is under way are the next one: a thousand log-ins cost a few commands. */
  private shareDue(): Promise<void> {
    return (this.nextBatch ??= (this.batch ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        this.batch = this.nextBatch;
        this.nextBatch = undefined;
        return this.sendDue();
      }));
  }

  private async sendDue(): Promise<void> {
    const users = [...this.due];
    this.due.clear();
    const { instanceId, positionCheckMs } = this.config;
    const ttlMs = SHARES_PER_TTL * SHARE_USERS_EVERY * positionCheckMs;
    for (let i = 0; i < users.length; i += USERS_PER_PIPELINE) {
      const shares = users
        .slice(i, i + USERS_PER_PIPELINE)
        .map((userId) => ({ userId, connections: this.countOf(userId) }));
      try {
        await this.presence.shareUsers(shares, instanceId, ttlMs);
      } catch (error) {
        for (const userId of users.slice(i)) this.unsaid.add(userId);
        throw error;
      }
      for (const { userId } of shares) this.unsaid.delete(userId);
    }
  }
}
