import { Inject, Injectable } from '@nestjs/common';
import type { Identity } from '@parley/contracts';
import { PresenceStore } from '@parley/redis';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway-config.js';
import type { Connection } from './connection.js';

const none: ReadonlySet<Connection> = new Set();
/** Every so many position checks the users here are said again, whether or not anything looks wrong. */
export const SHARE_USERS_EVERY = 20;
/** So many times may that fail before Redis forgets them. */
const SHARES_PER_TTL = 3;

/** Every connection of this instance, by user and by session. */
@Injectable()
export class ConnectionIndex {
  private readonly connections = new Set<Connection>();
  private readonly byUser = new Map<number, Set<Connection>>();
  private readonly bySession = new Map<string, Set<Connection>>();
  /** Users who have left while Redis could not be told. */
  private readonly unsaid = new Set<number>();

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    @Inject(PresenceStore) private readonly presence: PresenceStore,
  ) {}

  get size(): number {
    return this.connections.size;
  }

  all(): ReadonlySet<Connection> {
    return this.connections;
  }

  ofUser(userId: number): ReadonlySet<Connection> {
    return this.byUser.get(userId) ?? none;
  }

  ofSession(sessionId: string): ReadonlySet<Connection> {
    return this.bySession.get(sessionId) ?? none;
  }

  add(connection: Connection): void {
    this.connections.add(connection);
  }

  /** Binds a connection to its user, and says so in Redis, so that direct messages find it. */
  async authenticate(connection: Connection, identity: Identity, token: string): Promise<void> {
    connection.identity = identity;
    connection.token = token;
    insert(this.byUser, identity.userId, connection);
    insert(this.bySession, identity.sessionId, connection);
    await this.share(identity.userId);
  }

  remove(connection: Connection): void {
    this.connections.delete(connection);
    const { identity } = connection;
    if (!identity) return;
    discard(this.byUser, identity.userId, connection);
    discard(this.bySession, identity.sessionId, connection);
    // When Redis is away: shareAll repeats it, and a dispatcher removes what a dead instance left.
    void this.share(identity.userId).catch(() => this.unsaid.add(identity.userId));
  }

  /** Users with a connection here. */
  users(): number[] {
    return [...this.byUser.keys()];
  }

  /** Says again which users are here: Redis may have lost it. */
  async shareAll(): Promise<void> {
    const users = new Set([...this.byUser.keys(), ...this.unsaid]);
    await Promise.all(
      [...users].map(async (userId) => {
        await this.share(userId);
        this.unsaid.delete(userId);
      }),
    );
  }

  private share(userId: number): Promise<void> {
    const ttlMs = SHARES_PER_TTL * SHARE_USERS_EVERY * this.config.positionCheckMs;
    return this.presence.shareUser(userId, this.config.instanceId, this.ofUser(userId).size, ttlMs);
  }
}

function insert<K>(index: Map<K, Set<Connection>>, key: K, connection: Connection): void {
  const set = index.get(key);
  if (set) set.add(connection);
  else index.set(key, new Set([connection]));
}

function discard<K>(index: Map<K, Set<Connection>>, key: K, connection: Connection): void {
  const set = index.get(key);
  set?.delete(connection);
  if (set?.size === 0) index.delete(key);
}
