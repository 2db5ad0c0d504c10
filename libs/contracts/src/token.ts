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
  /** Of a guest who has not been let in: the room that he waits for. He has no `room`, so that nothing is his. */
  waits: z.number().int().positive().optional(),
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
  /** Of a guest who has not been let in: the room that he waits for. */
  readonly waitsFor?: number;
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
    ...(claims.waits !== undefined && { waitsFor: claims.waits }),
    ...(claims.db !== undefined && { databaseLife: claims.db }),
    expiresAt: claims.exp * 1_000,
  };
}

/** What somebody is in a room in which he has been given no role. */
export const standingOf = ({ role }: Pick<Identity, 'role'>): 'member' | 'guest' =>
  role === 'guest' ? 'guest' : 'member';

/** Who speaks or acts, as `logic` is told: nothing of the session goes further, and what goes without saying is left out. */
export const authorOf = ({ userId, userName, role, databaseLife }: Identity) => ({
  userId,
  userName,
  ...(databaseLife !== undefined && { databaseLife }),
  ...(role === 'guest' && { standing: 'guest' as const }),
  ...(role === 'admin' && { isAdmin: true }),
});
