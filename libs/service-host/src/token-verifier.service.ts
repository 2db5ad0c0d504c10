import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { identityOf, tokenClaimsSchema, type Identity } from '@parley/contracts';
import { AppError, tokenField } from '@parley/protocol';
import { DatabaseLife, RevocationList } from '@parley/redis';
import { LRUCache } from 'lru-cache';
import { SigningKeys } from './signing-keys.js';

/** What stands for a token where one is remembered: what is read from memory opens nothing. */
export const digestOf = (token: string): string => hash('sha256', token, 'base64');

/** Tokens whose signature need not be looked at again. Judgement: everybody of a busy gateway, at some 200 bytes each. */
const KNOWN_TOKENS = 20_000;

/**
 * Turns a token into an identity, without a round trip. Needs {@link SigningKeys}.
 *
 * A good signature stays good, so a token is read once; whether it has ended, was revoked or is of another database is asked
 * each time. Kept are digests, not tokens: what is read from memory opens nothing.
 */
@Injectable()
export class TokenVerifier {
  private readonly known = new LRUCache<string, Identity>({ max: KNOWN_TOKENS });

  constructor(
    @Inject(SigningKeys) private readonly keys: SigningKeys,
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
    const parsed = tokenClaimsSchema.safeParse(this.claimsOf(token));
    if (!parsed.success) throw new AppError('UNAUTHENTICATED', { cause: parsed.error });
    return identityOf(parsed.data);
  }

  private claimsOf(token: string): unknown {
    let cause: unknown;
    for (const { jwt } of this.keys.candidates(keyIdOf(token))) {
      try {
        return jwt.verify<object>(token);
      } catch (error) {
        cause = error;
      }
    }
    throw new AppError('UNAUTHENTICATED', { cause });
  }
}

/** Nothing is believed of it but which key to try. @see RFC 7515, section 4.1.4 */
function keyIdOf(token: string): unknown {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString());
    return (header as { kid?: unknown } | null)?.kid;
  } catch {
    return undefined;
  }
}
