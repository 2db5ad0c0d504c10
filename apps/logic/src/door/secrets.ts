import { createHash, randomBytes, randomInt } from 'node:crypto';
import type { JwtService } from '@nestjs/jwt';

/** A secret of an invitation: 24 random bytes, as they stand in a link. */
export const newInviteToken = (): string => randomBytes(24).toString('base64url');

/** Without those that are taken for others: 0 and O, 1, I and L. */
const CODE_SIGNS = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
const CODE_LENGTH = 6;

/** A code that leads to a room, to be said aloud and typed. */
export const newRoomCode = (): string =>
  Array.from({ length: CODE_LENGTH }, () => CODE_SIGNS[randomInt(CODE_SIGNS.length)]).join('');

/** What is kept of a secret. It has too many bits to be found by trying, so that it needs no salt. */
export const hashOfToken = (token: string): string => createHash('sha256').update(token).digest('hex');

/**
 * The network of a caller: 24 bits of an IPv4 address, 56 of an IPv6 one, what providers give to a household at the most.
 *
 * @param key - As `addressKey` makes it: an address, or the first 64 bits of one.
 */
export function networkOf(key: string): string {
  const four = /^(\d+\.\d+\.\d+)\.\d+$/.exec(key);
  if (four) return `${four[1]}.0/24`;
  const six = /^([\da-f]+):([\da-f]+):([\da-f]+):([\da-f]+)::\/64$/.exec(key);
  if (!six) return key;
  const last = Number.parseInt(six[4] ?? '0', 16) & 0xff00;
  return `${six[1]}:${six[2]}:${six[3]}:${last.toString(16)}::/56`;
}

/** What is kept of a network: an HMAC, since there are too few of them for a hash alone to hide one. */
export function hashOfNetwork(jwt: Pick<JwtService, 'sign'>, key: string): string {
  // A token that is no session: it has no user.
  const signature = jwt.sign({ network: networkOf(key) }, { noTimestamp: true });
  return createHash('sha256').update(signature).digest('hex');
}
