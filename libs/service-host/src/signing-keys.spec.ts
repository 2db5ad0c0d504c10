import { describe, expect, it } from 'vitest';
import { SigningKeys } from './signing-keys.js';

const idsOf = (keys: SigningKeys, id: unknown) => keys.candidates(id).map((key) => key.id);

describe('SigningKeys', () => {
  it('sign with the first and verify with all', () => {
    const keys = new SigningKeys('new', ['old', 'older']);
    const own = keys.signing.jwt.sign({ sub: '3' });
    const { jwt: older, id } = new SigningKeys('older').signing;
    expect(new SigningKeys('new').signing.jwt.verify(own)).toMatchObject({ sub: '3' });
    expect(keys.candidates(id)[0]?.jwt.verify(older.sign({ sub: '4' }))).toMatchObject({ sub: '4' });
    expect(() => keys.candidates(id)[0]?.jwt.verify(own)).toThrow('signature');
  });

  it('are named in what they sign', () => {
    const { jwt, id } = new SigningKeys('new', ['old']).signing;
    expect(jwt.decode(jwt.sign({}), { complete: true })).toMatchObject({ header: { alg: 'HS256', kid: id } });
  });

  it('have ids that every process finds for itself, and that stay what they are', () => {
    // printf 'parley session token key' | openssl dgst -sha256 -hmac new -binary | head -c 9 | basenc --base64url
    expect(new SigningKeys('new').signing.id).toBe('lTX1_drK_dtf');
    expect(new SigningKeys('old').signing.id).not.toBe(new SigningKeys('new').signing.id);
  });

  it('may all have signed what names none', () => {
    const keys = new SigningKeys('new', ['old', 'new']);
    expect(idsOf(keys, undefined)).toEqual([keys.signing.id, new SigningKeys('old').signing.id]);
  });

  it.each([['another'], [''], ['__proto__'], [null], [7], [['new']], [{}]])('know nobody called %j', (id) => {
    expect(new SigningKeys('new', ['old']).candidates(id)).toEqual([]);
  });
});
