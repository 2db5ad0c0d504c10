import { createHash } from 'node:crypto';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { AppError, limits, userNameField, type GuestSession } from '@parley/protocol';
import { RevocationList } from '@parley/redis';
import { TokenBuckets } from '@parley/service-host/rates';
import { TokenService } from '../accounts/token.service.js';
import { ActsService } from '../acts/acts.service.js';
import type { DoorCaller } from './door-caller.js';
import { GuestsRepository } from './guests.repository.js';

/** Everybody in the room reads of each new name. Judgement. */
const renameRate = { burst: 3, perSecond: 1 / 60 };

interface HeldSession {
  readonly id: string;
  readonly expiresAt: number;
}

/** Guests who take another name. A name is in the session's token: he gets another session, and the one before ends. */
@Injectable()
export class GuestNamesService implements BeforeApplicationShutdown {
  private readonly limits = new TokenBuckets<number>(renameRate);
  /** Sessions that end soon, each with what ends it now. */
  private readonly ending = new Map<NodeJS.Timeout, () => Promise<void>>();

  constructor(
    @Inject(GuestsRepository) private readonly guests: Pick<GuestsRepository, 'rename' | 'hasSession'>,
    @Inject(ActsService) private readonly acts: Pick<ActsService, 'tell' | 'refuseSilent'>,
    @Inject(TokenService) private readonly tokens: Pick<TokenService, 'issue'>,
    @Inject(RevocationList) private readonly revocations: Pick<RevocationList, 'revoke'>,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([...this.ending.values()].map((end) => end()));
  }

  /**
   * Gives a guest another name; his room is told who he was. Who asks once more with the session of before, because no answer came,
   * gets the session of the first try.
   *
   * @param session - The one that he asks with. It lasts a moment longer, so that the answer comes before its connections close.
   * @throws {AppError} `INVALID` for what is no name; `NAME_TAKEN`; `RATE_LIMITED`; `UNAUTHENTICATED` when the session is not his any
   *   more; as for who may not speak: `MUTED`, `HOSTS_ONLY`, `ROOM_CLOSED`, `BANNED`, `WAITING`.
   */
  async rename(
    { userId, userName, roomId }: DoorCaller,
    session: HeldSession,
    wanted: string,
  ): Promise<GuestSession> {
    const parsed = userNameField.safeParse(wanted);
    if (!parsed.success) throw new AppError('INVALID', { fields: ['name'] });
    const name = parsed.data;
    const guest = { userId, userName: name, standing: 'guest' as const };
    const nextId = sessionAfter(session.id, name);
    if (await this.guests.hasSession(userId, nextId)) return this.issue(guest, roomId, nextId, session);
    await this.acts.refuseSilent(guest, roomId);
    const retryAfterMs = this.limits.take(userId, 1, performance.now());
    if (retryAfterMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs });
    const place = { userId, roomId };
    const from = await this.guests.rename({ ...place, name, session: { id: session.id, nextId } });
    try {
      await this.acts.tell(guest, roomId, { kind: 'rename', userId, userName: name, from }, 'rename');
    } catch (cause) {
      // Nobody has another name without the room's knowing.
      const back = { id: nextId, nextId: session.id };
      await this.guests.rename({ ...place, name: userName, session: back }).catch(() => undefined);
      throw cause;
    }
    const issued = await this.issue(guest, roomId, nextId, session);
    this.endSoon(session);
    return issued;
  }

  private async issue(
    { userId, userName }: { readonly userId: number; readonly userName: string },
    roomId: number,
    sessionId: string,
    before: HeldSession,
  ): Promise<GuestSession> {
    const user = { userId, userName, role: 'guest' as const };
    const maxMs = Math.max(0, before.expiresAt - Date.now());
    const { token, expiresAt } = await this.tokens.issue(user, { sessionId, roomId, maxMs });
    return { token, expiresAt, user, roomId };
  }

  private endSoon({ id, expiresAt }: HeldSession): void {
    const end = async () => {
      clearTimeout(timer);
      this.ending.delete(timer);
      // What is lost without it: the token of before is good for its own name until it expires.
      await this.revocations.revoke(id, expiresAt).catch(() => undefined);
    };
    const timer = setTimeout(() => void end(), limits.renamedSessionMs);
    timer.unref();
    this.ending.set(timer, end);
  }
}

/** The session that follows one by a new name: always the same, so that a second try finds what the first has made. */
function sessionAfter(sessionId: string, name: string): string {
  const hash = createHash('sha256').update(`${sessionId}\n${name}`).digest('hex');
  return hash.slice(0, 32);
}
