import { Inject, Injectable } from '@nestjs/common';
import type { Session } from '@parley/protocol';
import { RevocationList } from '@parley/redis';
import { AccountsService } from '../accounts/accounts.service.js';
import { TokenService } from '../accounts/token.service.js';
import { GuestsRepository } from '../door/guests.repository.js';

/** Log-in, registration and log-out. */
@Injectable()
export class SessionsService {
  constructor(
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(TokenService) private readonly tokens: TokenService,
    @Inject(RevocationList) private readonly revocations: RevocationList,
    @Inject(GuestsRepository) private readonly guests: Pick<GuestsRepository, 'ended'>,
  ) {}

  async register(userName: string, password: string): Promise<Session> {
    return this.open(await this.accounts.register(userName, password));
  }

  async login(userName: string, password: string): Promise<Session> {
    return this.open(await this.accounts.verify(userName, password));
  }

  /** From now on the token is refused everywhere, and the session's sockets close. */
  async logout(userId: number, sessionId: string, expiresAtMs: number): Promise<void> {
    await this.revocations.revoke(sessionId, expiresAtMs);
    // What is lost without it is that a guest's name is free before his session would have ended.
    await this.guests.ended(sessionId, userId).catch(() => undefined);
  }

  private async open(user: Session['user']): Promise<Session> {
    const { token, expiresAt } = await this.tokens.issue(user);
    return { token, expiresAt, user: { userId: user.userId, userName: user.userName, role: user.role } };
  }
}
