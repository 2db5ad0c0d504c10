import { Inject, Injectable } from '@nestjs/common';
import type { Identity } from '@parley/contracts';
import { AppError, CloseCode } from '@parley/protocol';
import { DatabaseLife, RevocationList } from '@parley/redis';
import { digestOf, TokenVerifier } from '@parley/service-host';
import { ConnectionIndex } from '../connections/connection-index.js';
import type { Connection } from '../connections/connection.js';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway-config.js';

/** Turns tokens into identities, locally: no round trip. */
@Injectable()
export class AuthenticatorService {
  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'connectionsPerUser'>,
    @Inject(TokenVerifier) private readonly tokens: TokenVerifier,
    @Inject(RevocationList) revocations: RevocationList,
    @Inject(ConnectionIndex) private readonly connections: ConnectionIndex,
    @Inject(DatabaseLife) database: DatabaseLife,
  ) {
    database.onChanged(() => {
      for (const connection of [...connections.all()])
        if (connection.identity && !database.accepts(connection.identity.databaseLife))
          connection.close(CloseCode.unauthenticated, 'UNAUTHENTICATED');
    });
    revocations.onRevoked((sessionId) => {
      for (const connection of connections.ofSession(sessionId))
        connection.close(CloseCode.sessionRevoked, 'SESSION_REVOKED');
    });
  }

  /**
   * Who sends this frame: the owner of the token in it, or else of the token that opened the connection. The first valid
   * token binds the connection to its owner; one of the same owner that ends later extends it.
   *
   * @throws {AppError} `UNAUTHENTICATED`, `SESSION_REVOKED`, `TOO_MANY_CONNECTIONS`, or `UNAVAILABLE` when Redis cannot be
   *   told.
   */
  async identify(connection: Connection, token: string | undefined): Promise<Identity> {
    if (connection.identity && (token === undefined || digestOf(token) === connection.tokenDigest))
      return connection.identity;
    if (token === undefined) throw new AppError('UNAUTHENTICATED');
    const identity = this.tokens.verify(token);
    const known = connection.identity;
    if (known) {
      if (identity.userId === known.userId && identity.expiresAt > known.expiresAt)
        this.connections.extend(connection, identity, token);
      return identity;
    }
    if (this.connections.countOf(identity.userId) >= this.config.connectionsPerUser)
      throw new AppError('TOO_MANY_CONNECTIONS');
    try {
      await this.connections.authenticate(connection, identity, token);
    } catch (cause) {
      throw new AppError('UNAVAILABLE', { cause });
    }
    return identity;
  }
}
