import { createHmac } from 'node:crypto';

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const HOUR_SECONDS = 3_600;

/**
 * A session token as `logic` signs it (RFC 7515, HS256), of a user that need not exist: logging in thousands would measure
 * argon2.
 */
export function sessionToken(userId: number, secret: string, database: string): string {
  const exp = Math.floor(Date.now() / 1_000) + HOUR_SECONDS;
  const claims = {
    sub: String(userId),
    name: `member ${userId}`,
    role: 'user',
    sid: `bench-${userId}`,
    db: database,
    exp,
  };
  const signed = `${base64({ alg: 'HS256', typ: 'JWT' })}.${base64(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** The database that a token names. */
export const databaseOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { db: string }).db;
