import {
  AppError,
  bannedUntil,
  isPanic,
  mutedUntil,
  rankOf,
  settingsOf,
  type RoomMode,
} from '@parley/protocol';
import type { ActContext } from './resolved-act.js';

const leastRank: { readonly [M in Exclude<RoomMode, 'closed'>]: number } = {
  everyone: rankOf('guest'),
  members: rankOf('member'),
  speakers: rankOf('speaker'),
  hosts: rankOf('moderator'),
};

/**
 * Who may not speak changes nothing that everybody is told of. By what is known now: the accept script judges messages.
 *
 * @throws {AppError} `BANNED`; `WAITING` in a panic; `MUTED`; `ROOM_CLOSED`; `HOSTS_ONLY`.
 */
export function refuseSilent({
  facts,
  actor: { userId, role },
  roomId,
  nowMs,
}: Pick<ActContext, 'facts' | 'actor' | 'roomId' | 'nowMs'>): void {
  const context = { roomId };
  const banned = bannedUntil(facts, userId);
  if (banned > nowMs) throw new AppError('BANNED', { until: banned, context });
  if (role === 'guest' && isPanic(facts)) throw new AppError('WAITING', { context });
  const muted = mutedUntil(facts, userId);
  if (muted > nowMs) throw new AppError('MUTED', { until: muted, context });
  const { mode, opensAt = 0, closesAt = Infinity } = settingsOf(facts);
  if (mode === 'closed') throw new AppError('ROOM_CLOSED', { context });
  const rank = rankOf(role);
  if (rank < rankOf('moderator')) {
    if (nowMs < opensAt) throw new AppError('ROOM_CLOSED', { until: opensAt, context });
    if (nowMs >= closesAt) throw new AppError('ROOM_CLOSED', { context });
  }
  if (rank < leastRank[mode]) throw new AppError('HOSTS_ONLY', { context });
}
