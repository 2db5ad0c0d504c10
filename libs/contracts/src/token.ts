import { z } from 'zod';

/**
 * Claims of the session token (JWT, HS256). `sub` is the user id, `sid` the session.
 *
 * @see RFC 7519, section 4.1
 */
export const tokenClaimsSchema = z.object({
  sub: z
    .string()
    .regex(/^[1-9]\d*$/)
    .transform(Number),
  name: z.string().min(1),
  role: z.enum(['user', 'admin', 'guest']),
  /** Of a guest: the room that the token is for, and no other. */
  room: z.number().int().positive().optional(),
  sid: z.string().min(1),
  /** The life of the database that the account is in; older tokens have none. */
  db: z.string().min(1).optional(),
  /** Seconds since 1970. */
  exp: z.number(),
});
export type TokenClaims = z.output<typeof tokenClaimsSchema>;

/** An authenticated user as the edges know it. */
export interface Identity {
  readonly userId: number;
  readonly userName: string;
  readonly role: 'user' | 'admin' | 'guest';
  /** Of a guest: the only room that he may be in. */
  readonly guestOf?: number;
  readonly sessionId: string;
  /** The life of the database that the account is in; absent in older tokens. */
  readonly databaseLife?: string;
  /** When the token expires, milliseconds since 1970. */
  readonly expiresAt: number;
}

/** The identity that verified claims stand for. */
export function identityOf(claims: TokenClaims): Identity {
  return {
    userId: claims.sub,
    userName: claims.name,
    role: claims.role,
    sessionId: claims.sid,
    ...(claims.room !== undefined && { guestOf: claims.room }),
    ...(claims.db !== undefined && { databaseLife: claims.db }),
    expiresAt: claims.exp * 1_000,
  };
}
