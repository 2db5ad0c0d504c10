import { createHmac, createSecretKey } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import type { Secret } from '@parley/config';

/** A key of session tokens, and the id that they name it by. */
export interface SigningKey {
  readonly id: string;
  /** Signs with this key, and verifies: HS256 and nothing else. */
  readonly jwt: JwtService;
}

/** What an id is the HMAC of. It may never change: the tokens in use name their keys by it. */
const ID_OF = 'parley session token key';
const ID_BYTES = 9;
const ALGORITHM = 'HS256';

/**
 * The keys of session tokens: one signs, all verify. So a secret is replaced without ending a session: the new one first
 * verifies everywhere, then signs, and the old one verifies until its last token has ended.
 *
 * A key's id follows from its secret, so that processes agree on it without being told. It says no more of a secret than a
 * token does.
 */
export class SigningKeys {
  private readonly byId: ReadonlyMap<string, SigningKey>;

  /** What new tokens are signed with. */
  readonly signing: SigningKey;

  /**
   * @param secret - Signs and verifies.
   * @param others - Verify only.
   */
  constructor(secret: string, others: readonly string[] = []) {
    this.signing = signingKeyOf(secret);
    const keys = [this.signing, ...others.map(signingKeyOf)];
    this.byId = new Map(keys.map((key) => [key.id, key]));
  }

  /** Those of the config's section `jwt`. */
  static of(jwt: { readonly secret: Secret; readonly otherSecrets: readonly Secret[] }): SigningKeys {
    const others = jwt.otherSecrets.map((secret) => secret.reveal());
    return new SigningKeys(jwt.secret.reveal(), others);
  }

  /**
   * The keys that may have signed a token.
   *
   * @param id - `kid` of its header; undefined in a token of a version that named none: any of them may have signed it.
   * @returns None for an id that nobody here knows.
   */
  candidates(id: unknown): readonly SigningKey[] {
    if (id === undefined) return [...this.byId.values()];
    const key = typeof id === 'string' ? this.byId.get(id) : undefined;
    return key ? [key] : [];
  }
}

function signingKeyOf(secret: string): SigningKey {
  const id = createHmac('sha256', secret).update(ID_OF).digest().subarray(0, ID_BYTES).toString('base64url');
  const jwt = new JwtService({
    // Of a text every use first tries to read a PEM key, for a third of a millisecond.
    secret: createSecretKey(Buffer.from(secret)),
    signOptions: { algorithm: ALGORITHM, keyid: id },
    verifyOptions: { algorithms: [ALGORITHM] },
  });
  return { id, jwt };
}
