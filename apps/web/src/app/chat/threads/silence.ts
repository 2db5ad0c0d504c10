import { isHost, isStaff, Op, rankOf, type RoomRole, type RoomState } from '@parley/protocol';
import type { Timeline } from '../../timeline/timeline.js';

/** Why somebody cannot write in a room now. `until`: from when on he can, milliseconds since 1970; absent where nobody knows. */
export interface Silence {
  readonly reason: 'muted' | 'closed' | 'notYet' | 'over' | 'members' | 'speakers' | 'hosts' | 'slow';
  readonly until?: number;
}

/** The lowest role that may speak in a mode. */
const lowest: Readonly<Partial<Record<RoomState['mode'], RoomRole>>> = {
  members: 'member',
  speakers: 'speaker',
  hosts: 'moderator',
};

/**
 * Whether the server will refuse a message, and why: its own rules, in its order (accept-message-10.lua). It decides; this only
 * spares the user the attempt.
 *
 * @param lastSentMs - When the user's last message was sent; undefined when that is not known.
 * @param nowMs - By the server's clock.
 * @returns Undefined when the user may write.
 */
export function silenceOf(
  state: RoomState | undefined,
  lastSentMs: number | undefined,
  nowMs: number,
): Silence | undefined {
  if (!state) return undefined;
  const { mode, role, mutedUntil, opensAt, closesAt, slowModeWaitTime } = state;
  if (mutedUntil > nowMs) return { reason: 'muted', until: mutedUntil };
  if (mode === 'closed') return { reason: 'closed' };
  if (!isHost(role)) {
    if (opensAt !== undefined && nowMs < opensAt) return { reason: 'notYet', until: opensAt };
    if (closesAt !== undefined && nowMs >= closesAt) return { reason: 'over' };
  }
  const least = lowest[mode];
  if (least && rankOf(role) < rankOf(least)) return { reason: mode as 'members' | 'speakers' | 'hosts' };
  if (isStaff(role) || slowModeWaitTime === 0 || lastSentMs === undefined) return undefined;
  const until = lastSentMs + slowModeWaitTime * 1_000;
  return until > nowMs ? { reason: 'slow', until } : undefined;
}

/** When the user's last message was sent, milliseconds since 1970; undefined when none is loaded. */
export function lastSentAt({ messages, outgoing }: Timeline, me: number): number | undefined {
  const sent = outgoing.filter(({ status }) => status !== 'failed').at(-1);
  if (sent) return sent.createdAtMs;
  for (let i = messages.length - 1; i >= 0; i--) {
    const entry = messages[i];
    if (entry?.fromUserId === me && entry.op !== Op.event) return entry.sentAt as number;
  }
  return undefined;
}
