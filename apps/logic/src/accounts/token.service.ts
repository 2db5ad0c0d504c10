import { Inject, Injectable, Optional } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { newId } from '@parley/contracts';
import type { User } from '@parley/protocol';
import { DatabaseLife } from '@parley/redis';

/** Injection token: how long a session lasts, milliseconds. */
export const SESSION_TTL_MS = Symbol('SESSION_TTL_MS');

/** Issues session tokens. */
@Injectable()
export class TokenService {
  constructor(
    @Inject(JwtService) private readonly jwt: JwtService,
    @Inject(SESSION_TTL_MS) private readonly ttlMs: number,
    @Optional() @Inject(DatabaseLife) private readonly database?: Pick<DatabaseLife, 'current'>,
  ) {}

  /**
   * A token for a new session; `expiresAt` is milliseconds since 1970.
   *
   * @param bounds - Of a guest's: the session that was foreseen for him, the only room that it is for, or that
   *   it waits for, and how long it may last.
   */
  async issue(
    user: User,
    bounds: {
      readonly sessionId?: string;
      readonly roomId?: number;
      readonly waitsFor?: number;
      readonly maxMs?: number;
    } = {},
  ): Promise<{ token: string; expiresAt: number; sessionId: string }> {
    const { sessionId = newId(), roomId, waitsFor, maxMs = Infinity } = bounds;
    const exp = Math.floor((Date.now() + Math.min(this.ttlMs, maxMs)) / 1_000);
    const token = await this.jwt.signAsync({
      sub: String(user.userId),
      name: user.userName,
      role: user.role,
      ...(roomId !== undefined && { room: roomId }),
      ...(waitsFor !== undefined && { waits: waitsFor }),
      sid: sessionId,
      ...(this.database?.current !== undefined && { db: this.database.current }),
      exp,
    });
    return { token, expiresAt: exp * 1_000, sessionId };
  }
}
