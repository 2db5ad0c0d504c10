import { Inject, Injectable } from '@nestjs/common';
import type { Identity } from '@parley/contracts';
import { AppError, CloseCode } from '@parley/protocol';
import { RevocationList } from '@parley/redis';
import { TokenVerifier } from '@parley/service-host';
import { ConnectionIndex } from '../connections/connection-index.js';
import type { Connection } from '../connections/connection.js';

/** Turns tokens into identities, locally: no round trip. */
@Injectable()
export class AuthenticatorService {
  constructor(
    @Inject(TokenVerifier) private readonly tokens: TokenVerifier,
    @Inject(RevocationList) revocations: RevocationList,
    @Inject(ConnectionIndex) private readonly connections: ConnectionIndex,
  ) {
    revocations.onRevoked((sessionId) => {
      for (const connection of connections.ofSession(sessionId))
        connection.close(CloseCode.sessionRevoked, 'SESSION_REVOKED');
    });
  }

  /**
   * Who sends this frame: the owner of the token in it, or else of the token that opened the connection. The first valid
   * token binds the connection to its owner.
   *
   * @throws {AppError} `UNAUTHENTICATED`, `SESSION_REVOKED`, or `UNAVAILABLE` when Redis cannot be told.
   */
  async identify(connection: Connection, token: string | undefined): Promise<Identity> {
    if (connection.identity && (token === undefined || token === connection.token))
      return connection.identity;
    if (token === undefined) throw new AppError('UNAUTHENTICATED');
    const identity = this.tokens.verify(token);
    if (connection.identity) return identity;
    try {
      await this.connections.authenticate(connection, identity, token);
    } catch (cause) {
      throw new AppError('UNAVAILABLE', { cause });
    }
    return identity;
  }
}
