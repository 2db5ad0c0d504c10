import { createSecretKey, hash } from 'node:crypto';
import { Inject, Injectable, type DynamicModule } from '@nestjs/common';
import { JwtModule, JwtService } from '@nestjs/jwt';
import { identityOf, tokenClaimsSchema, type Identity } from '@parley/contracts';
import { AppError, tokenField } from '@parley/protocol';
import { DatabaseLife, RevocationList } from '@parley/redis';
import { LRUCache } from 'lru-cache';

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

/** What stands for a token where one is remembered: what is read from memory opens nothing. */
export const digestOf = (token: string): string => hash('sha256', token, 'base64');

/** Tokens whose signature need not be looked at again. Judgement: everybody of a busy gateway, at some 200 bytes each. */
const KNOWN_TOKENS = 20_000;

/**
 * Turns a token into an identity, without a round trip. Needs {@link jwtVerification}.
 *
 * A good signature stays good, so a token is read once; whether it has ended, was revoked or is of another database is asked
 * each time. Kept are digests, not tokens: what is read from memory opens nothing.
 */
@Injectable()
export class TokenVerifier {
  private readonly known = new LRUCache<string, Identity>({ max: KNOWN_TOKENS });

  constructor(
    @Inject(JwtService) private readonly jwt: JwtService,
    @Inject(RevocationList) private readonly revocations: Pick<RevocationList, 'isRevoked'>,
    @Inject(DatabaseLife) private readonly database: Pick<DatabaseLife, 'accepts'>,
  ) {}

  /** @throws {AppError} `UNAUTHENTICATED` or `SESSION_REVOKED`. */
  verify(token: unknown): Identity {
    const text = tokenField.safeParse(token);
    if (!text.success) throw new AppError('UNAUTHENTICATED');
    const digest = digestOf(text.data);
    const known = this.known.get(digest);
    const identity = known && Date.now() < known.expiresAt ? known : this.read(text.data);
    if (!known) this.known.set(digest, identity);
    // Its user may be somebody else in this database, or nobody.
    if (!this.database.accepts(identity.databaseLife)) throw new AppError('UNAUTHENTICATED');
    if (this.revocations.isRevoked(identity.sessionId)) throw new AppError('SESSION_REVOKED');
    return identity;
  }

  private read(token: string): Identity {
    let claims: unknown;
    try {
      claims = this.jwt.verify(token);
    } catch (cause) {
      throw new AppError('UNAUTHENTICATED', { cause });
    }
    const parsed = tokenClaimsSchema.safeParse(claims);
    if (!parsed.success) throw new AppError('UNAUTHENTICATED', { cause: parsed.error });
    return identityOf(parsed.data);
  }
}
