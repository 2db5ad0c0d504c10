import { createSecretKey } from 'node:crypto';
import { Inject, Injectable, type DynamicModule } from '@nestjs/common';
import { JwtModule, JwtService } from '@nestjs/jwt';
import { identityOf, tokenClaimsSchema, type Identity } from '@parley/contracts';
import { AppError, tokenField } from '@parley/protocol';
import { DatabaseLife, RevocationList } from '@parley/redis';

/**
 * What {@link TokenVerifier} stands on: HS256 with this secret, and nothing else.
 *
 * A key object, because of a string every verification first tries to read a PEM key, for a third of a millisecond.
 */
export const jwtVerification = (secret: string): DynamicModule =>
  JwtModule.register({
    secret: createSecretKey(Buffer.from(secret)),
    verifyOptions: { algorithms: ['HS256'] },
  });

/** Turns a token into an identity, without a round trip. Needs {@link jwtVerification}. */
@Injectable()
export class TokenVerifier {
  constructor(
    @Inject(JwtService) private readonly jwt: JwtService,
    @Inject(RevocationList) private readonly revocations: Pick<RevocationList, 'isRevoked'>,
    @Inject(DatabaseLife) private readonly database: Pick<DatabaseLife, 'accepts'>,
  ) {}

  /** @throws {AppError} `UNAUTHENTICATED` or `SESSION_REVOKED`. */
  verify(token: unknown): Identity {
    const text = tokenField.safeParse(token);
    if (!text.success) throw new AppError('UNAUTHENTICATED');
    let claims: unknown;
    try {
      claims = this.jwt.verify(text.data);
    } catch (cause) {
      throw new AppError('UNAUTHENTICATED', { cause });
    }
    const parsed = tokenClaimsSchema.safeParse(claims);
    if (!parsed.success) throw new AppError('UNAUTHENTICATED', { cause: parsed.error });
    const identity = identityOf(parsed.data);
    // Its user may be somebody else in this database, or nobody.
    if (!this.database.accepts(identity.databaseLife)) throw new AppError('UNAUTHENTICATED');
    if (this.revocations.isRevoked(identity.sessionId)) throw new AppError('SESSION_REVOKED');
    return identity;
  }
}
