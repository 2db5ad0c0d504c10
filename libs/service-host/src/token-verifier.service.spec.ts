import 'reflect-metadata';
import { JwtService } from '@nestjs/jwt';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { SigningKeys } from './signing-keys.js';
import { TokenVerifier } from './token-verifier.service.js';

const secret = 'a secret of the tests, nothing else';
const claims = { sub: '3', name: 'ada', role: 'user', sid: 's1', db: 'life' };
const signer = new JwtService({});

function setUp(keys = new SigningKeys(secret)) {
  const revoked = new Set<string>();
  const accepts = vi.fn((life: string | undefined) => life !== 'other');
  const verifier = new TokenVerifier(keys, { isRevoked: (sessionId) => revoked.has(sessionId) }, { accepts });
  return { verifier, revoked, accepts };
}
const sign = (more: object = {}, options: object = {}) =>
  signer.sign({ ...claims, ...more }, { secret, ...('exp' in more ? {} : { expiresIn: 3_600 }), ...options });
const unauthenticated = expect.objectContaining({ code: 'UNAUTHENTICATED' }) as Error;

describe('TokenVerifier', () => {
  it('says who a token is, in which session and of which database, and until when', () => {
    const { verifier } = setUp();
    expect(verifier.verify(sign({ exp: 4_000_000_000, role: 'admin' }))).toEqual({
      userId: 3,
      userName: 'ada',
      role: 'admin',
      sessionId: 's1',
      databaseLife: 'life',
      expiresAt: 4_000_000_000_000,
    });
  });

  it('takes a token from before databases had names for what it is', () => {
    const { verifier, accepts } = setUp();
    expect(verifier.verify(sign({ db: undefined }))).not.toHaveProperty('databaseLife');
    expect(accepts).toHaveBeenCalledWith(undefined);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['no text', { token: 'x' }],
    ['no token', 'hello'],
    ['an endless text', 'x'.repeat(100_000)],
    ["another's signature", sign({}, { secret: 'another secret of the tests' })],
    ['another algorithm, with our secret', sign({}, { algorithm: 'HS512' })],
    ['no signature', sign({}, { secret: undefined, algorithm: 'none' })],
    ['a user who is no number', sign({ sub: 'ada' })],
    ['a user 0', sign({ sub: '0' })],
    ['nobody', sign({ sub: undefined })],
    ['no name', sign({ name: '' })],
    ['another role', sign({ role: 'root' })],
    ['no session', sign({ sid: undefined })],
    ['no end', signer.sign(claims, { secret })],
    ['another database', sign({ db: 'other' })],
  ])('refuses %s', (_, token) => {
    expect(() => setUp().verifier.verify(token)).toThrow(unauthenticated);
  });

  describe('while a secret is being replaced', () => {
    const [next, old] = ['the next secret of the tests', secret];
    const steps = {
      before: new SigningKeys(old),
      prepared: new SigningKeys(old, [next]),
      signing: new SigningKeys(next, [old]),
      after: new SigningKeys(next),
    };
    const signedBy = (keys: SigningKeys) => keys.signing.jwt.sign(claims, { expiresIn: 3_600 });
    const takes = (keys: SigningKeys, token: string) => {
      const { verifier } = setUp(keys);
      try {
        return verifier.verify(token).userId === 3;
      } catch (error) {
        expect(error).toMatchObject({ code: 'UNAUTHENTICATED' });
        return false;
      }
    };

    it.each<[keyof typeof steps, keyof typeof steps]>([
      ['before', 'prepared'],
      ['prepared', 'signing'],
    ])('processes %s and %s take what the others sign', (one, other) => {
      for (const signer of [one, other])
        for (const verifier of [one, other])
          expect(takes(steps[verifier], signedBy(steps[signer])), `${signer} to ${verifier}`).toBe(true);
    });

    it('the old one verifies until it is taken away, and nothing is taken that another secret signed', () => {
      expect(takes(steps.signing, signedBy(steps.before))).toBe(true);
      expect(takes(steps.after, signedBy(steps.before))).toBe(false);
      expect(takes(steps.before, signedBy(steps.signing))).toBe(false);
    });

    it('a token of a version that named no key is tried with each of them', () => {
      expect(takes(steps.signing, sign())).toBe(true);
      expect(takes(steps.prepared, sign({}, { secret: next }))).toBe(true);
      expect(takes(steps.signing, sign({}, { secret: 'another secret of the tests' }))).toBe(false);
    });

    it('a key that is named is the only one tried', () => {
      const named = (keyid: string) => sign({}, { secret: old, keyid });
      expect(takes(steps.signing, named(steps.before.signing.id))).toBe(true);
      expect(takes(steps.signing, named(steps.after.signing.id))).toBe(false);
      for (const id of ['nobody', '__proto__', ' ']) expect(takes(steps.signing, named(id))).toBe(false);
      const header = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT', kid: null })).toString(
        'base64url',
      );
      expect(takes(steps.signing, [header, ...sign().split('.').slice(1)].join('.'))).toBe(false);
    });
  });

  it('refuses a token from the second in which it ends', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_764_000_059_999 });
    onTestFinished(() => void vi.useRealTimers());
    const { verifier } = setUp();
    const token = sign({ exp: 1_764_000_060 });
    expect(verifier.verify(token)).toMatchObject({ userId: 3 });
    vi.setSystemTime(1_764_000_060_000);
    expect(() => verifier.verify(token)).toThrow(unauthenticated);
  });

  it('looks at the signature of a token once, and never takes one for another', () => {
    const keys = new SigningKeys(secret);
    const { verifier } = setUp(keys);
    const verify = vi.spyOn(keys.signing.jwt, 'verify');
    const token = sign();
    for (let i = 0; i < 3; i++) expect(verifier.verify(token)).toMatchObject({ userId: 3 });
    expect(verify).toHaveBeenCalledTimes(1);
    // The same signature under other claims.
    const [header, , signature] = token.split('.');
    const [, payload] = sign({ sub: '4' }).split('.');
    expect(() => verifier.verify([header, payload, signature].join('.'))).toThrow(unauthenticated);
    expect(() => verifier.verify(`${token}x`)).toThrow(unauthenticated);
  });

  it('keeps nothing that would open something', () => {
    const { verifier } = setUp();
    const token = sign();
    verifier.verify(token);
    const kept = JSON.stringify([
      ...(verifier as unknown as { known: Map<string, unknown> }).known.entries(),
    ]);
    expect(kept).toContain('ada');
    for (const part of token.split('.')) expect(kept).not.toContain(part);
  });

  it('asks each time whether its database is still the one', () => {
    const { verifier, accepts } = setUp();
    const token = sign();
    verifier.verify(token);
    accepts.mockReturnValue(false);
    expect(() => verifier.verify(token)).toThrow(unauthenticated);
  });

  it('refuses a session that was ended, from that moment, and no other', () => {
    const { verifier, revoked } = setUp();
    const token = sign();
    verifier.verify(token);
    revoked.add('s1');
    expect(() => verifier.verify(token)).toThrow(expect.objectContaining({ code: 'SESSION_REVOKED' }));
    expect(verifier.verify(sign({ sid: 's2' }))).toMatchObject({ sessionId: 's2' });
  });
});
