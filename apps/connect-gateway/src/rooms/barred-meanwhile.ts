import type { Identity } from '@parley/contracts';
import { AppError, bannedUntil, guestsOutSince } from '@parley/protocol';
import type { RoomStore } from '@parley/redis';
import type { Admissions } from './admissions.js';
import type { LocalRoom } from './local-room.js';

/**
 * A ban that came between the admission and now, or a panic, which puts guests out; who was there before is being put out.
 * Nothing waits behind the last look.
 */
export async function barredMeanwhile(
  room: Pick<LocalRoom, 'roomId' | 'acts'>,
  { userId, role }: Pick<Identity, 'userId' | 'role'>,
  {
    store,
    admissions,
  }: {
    readonly store: Pick<RoomStore, 'nowMs'>;
    readonly admissions: Pick<Admissions, 'ensureHead'>;
  },
): Promise<AppError | undefined> {
  for (let [over, asked] = [0, 0]; ;) {
    const until = bannedUntil(room.acts.facts, userId);
    const since = role === 'guest' ? guestsOutSince(room.acts.facts) : 0;
    if (until === over && since === asked) return undefined;
    if (since !== asked) {
      // He may have been let in again.
      const refusal = await admissions
        .ensureHead(userId, room.roomId)
        .then(() => undefined)
        .catch((error: unknown) => AppError.from(error));
      if (refusal) return refusal;
      asked = since;
      continue;
    }
    // By the clock that it was made by.
    const nowMs = await store.nowMs().catch(() => 0);
    if (until > nowMs) return new AppError('BANNED', { until, context: { roomId: room.roomId } });
    over = until;
  }
}
