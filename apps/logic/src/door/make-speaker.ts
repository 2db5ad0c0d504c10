import { newId } from '@parley/contracts';
import { AppError, rankOf, roleOf } from '@parley/protocol';
import type { RoomStore } from '@parley/redis';
import type { ActsService } from '../acts/acts.service.js';

/** Makes a speaker of who came by an invitation, in the name of who has invited: if he may not do it any more, it is not done. A higher role stays. */
export async function makeSpeaker(
  { store, acts }: { readonly store: Pick<RoomStore, 'facts'>; readonly acts: Pick<ActsService, 'act'> },
  roomId: number,
  userId: number,
  invitedBy: ActorId,
): Promise<void> {
  const had = roleOf(await store.facts(roomId), userId);
  if (rankOf(had) >= rankOf('speaker')) return;
  await acts
    .act(invitedBy, roomId, { act: 'role', userId, role: 'speaker' }, newId())
    .catch((error: unknown) => {
      if (!(error instanceof AppError && error.code === 'FORBIDDEN')) throw error;
    });
}

/** Who has invited. */
interface ActorId {
  readonly userId: number;
  readonly userName: string;
}
