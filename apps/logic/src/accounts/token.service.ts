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

  /** A token for a new session; `expiresAt` is milliseconds since 1970. */
  async issue(user: User): Promise<{ token: string; expiresAt: number; sessionId: string }> {
    const sessionId = newId();
    const exp = Math.floor((Date.now() + this.ttlMs) / 1_000);
    const token = await this.jwt.signAsync({
      sub: String(user.userId),
      name: user.userName,
      role: user.role,
      sid: sessionId,
      ...(this.database?.current !== undefined && { db: this.database.current }),
      exp,
    });
    return { token, expiresAt: exp * 1_000, sessionId };
  }
}
