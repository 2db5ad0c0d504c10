import type { Identity } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import type { DatabaseLife, PresenceStore, RevocationList } from '@parley/redis';
import type { TokenVerifier } from '@parley/service-host';
import { ConnectionIndex } from '../connections/connection-index.js';
import { AuthenticatorService } from '../frames/authenticator.service.js';
import type { GatewayConfig } from '../gateway-config.js';
import { FakeConnection } from './fake-connection.js';
import { stub } from './stub.js';

/** Who is who on a gateway. Tokens are `<user> <session> <expires at> <database>`; a session may be `revoked`. */
export function setUpAuthenticator() {
  let [known, changeDatabase] = ['a', () => undefined as void];
  let revoke: (sessionId: string) => void = () => undefined;
  const index = new ConnectionIndex(
    stub<GatewayConfig>('GatewayConfig', { instanceId: 'gw-1', positionCheckMs: 3_000 }),
    stub<PresenceStore>('PresenceStore', { shareUsers: () => Promise.resolve() }),
  );
  const authenticator = new AuthenticatorService(
    { connectionsPerUser: 3 },
    stub<TokenVerifier>('TokenVerifier', {
      verify: (token) => {
        const [user, sessionId, expiresAt, databaseLife] = String(token).split(' ');
        if (sessionId === undefined) throw new AppError('UNAUTHENTICATED');
        if (sessionId === 'revoked') throw new AppError('SESSION_REVOKED');
        const identity: Identity = {
          userId: Number(user),
          userName: `u${user}`,
          sessionId,
          expiresAt: Number(expiresAt),
          role: 'user',
          ...(databaseLife !== undefined && { databaseLife }),
        };
        return identity;
      },
    }),
    stub<RevocationList>('RevocationList', { onRevoked: (listener) => void (revoke = listener) }),
    index,
    stub<DatabaseLife>('DatabaseLife', {
      onChanged: (listener) => void (changeDatabase = () => listener(known)),
      accepts: (life) => life === undefined || life === known,
    }),
  );
  const switchTo = (life: string) => {
    known = life;
    changeDatabase();
  };
  const open = () => {
    const connection = new FakeConnection(0);
    connection.identity = undefined;
    index.add(connection);
    return connection;
  };
  return { index, authenticator, open, revoke: (sessionId: string) => revoke(sessionId), switchTo };
}
