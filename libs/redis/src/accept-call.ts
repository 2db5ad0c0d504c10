import {
  MEMBER_RANK,
  termsText,
  type AcceptInput,
  type AcceptOutcome,
  type RuleCode,
} from './accept-terms.js';
import { textDigest, type RedisKeys } from './keys.js';
import type { ScriptCall } from './run-script.js';

/** Messages kept in a room's log, unless the archive is behind. */
const ROOM_LOG_LENGTH = 1_000;

/** How long Redis remembers ids, and which of them it surely remembers. Milliseconds. */
export interface DedupLimits {
  /** Life of a record. */
  readonly dedupWindowMs: number;
  /** An id not older than this is surely in Redis, if it was ever accepted. */
  readonly recentPastMs: number;
  /** An id may be this far ahead of Redis's clock and still be taken at its word; with the past less than the window. */
  readonly recentFutureMs: number;
}

/** Bounds of what the accept script keeps. */
export type AcceptLimits = DedupLimits & { readonly maxPendingEntries: number };

/** What the accept script is given for a message. */
export function acceptCall(input: AcceptInput, keys: RedisKeys, limits: AcceptLimits): ScriptCall {
  const { roomId, senderId } = input;
  const shard = keys.shardOf(roomId);
  return {
    keys: [
      keys.roomHead(roomId),
      keys.roomLog(roomId),
      keys.roomSent(roomId, senderId, input.clientMsgId),
      keys.dispatch(shard),
      keys.line(shard),
      keys.roomAhead(roomId, senderId),
      keys.roomInstances(roomId),
      keys.roomFacts(roomId),
      keys.roomSlow(roomId, senderId),
      keys.roomMarks(roomId),
    ],
    args: [
      input.body,
      roomId,
      input.recipients?.join(',') ?? '',
      input.clientMsgIdMs,
      input.archiveAsked ? 1 : 0,
      limits.dedupWindowMs,
      limits.recentPastMs,
      limits.recentFutureMs,
      ROOM_LOG_LENGTH,
      limits.maxPendingEntries,
      `${textDigest(input.text)}|${input.id}|${input.sentAt}`,
      keys.hintsPrefix(shard),
      input.traceparent ?? '',
      senderId,
      input.rank ?? MEMBER_RANK,
      input.act ? termsText(input.act) : '',
    ],
  };
}

/** What the accept script's reply says of the message that it was given. */
export function acceptOutcome(reply: unknown, { text }: AcceptInput): AcceptOutcome {
  const [kind, seq, epoch, last, streamId, generation] = reply as [
    string,
    number | string,
    string,
    number | string,
    string,
    string,
  ];
  if (kind === 'ok')
    return { kind, seq: Number(seq), epoch, seqsLeft: Number(last), line: { generation, streamId } };
  if (kind === 'duplicate') {
    const [sentDigest, id, sentAt] = String(last).split('|') as [string, string, string];
    const sameText = sentDigest === textDigest(text);
    return { kind, seq: Number(seq), epoch, id, sentAt: Number(sentAt), sameText };
  }
  if (kind === 'refused') {
    const code = seq as RuleCode;
    const number = Number(epoch);
    const isSlow = code === 'SLOW_MODE';
    return { kind, code, until: isSlow ? 0 : number, retryAfterMs: isSlow ? number : 0 };
  }
  if (kind === 'ask-archive') return { kind, scope: seq === 'room' ? 'room' : 'id' };
  return { kind: kind as 'changed' | 'unproven' | 'no-head' | 'ceiling' | 'overloaded' };
}
