import { rankOf, type FactChange } from '@parley/protocol';

/** Where an accepted message is in its shard's dispatch stream, and in which generation: a witness of what Redis had. */
export interface LinePosition {
  readonly generation: string;
  /** `<ms>-<n>`; grows within a generation. */
  readonly streamId: string;
}

/** What an act needs and does, for the accept script. */
export interface ActTerms {
  /** The least rank that may; `Infinity` is not possible, see `isFree`. */
  readonly need: number;
  /** Whatever the actor's rank: it is his own, or he is an admin of the site. */
  readonly isFree: boolean;
  /** Whom it concerns; `mustBeLower`: his rank must be below the actor's. `rank`: of one who has been given no role. */
  readonly target?:
    { readonly userId: number; readonly rank: number; readonly mustBeLower: boolean } | undefined;
  /** Facts that it was made for; null: not there. */
  readonly expect: readonly FactChange[];
  readonly change: readonly FactChange[];
  /** See `markText`. */
  readonly mark?: string | undefined;
  /** See `ActRecord`; as JSON. */
  readonly record: string;
}

/** Marks that a room may have in Redis; above, acts on messages are refused for now. */
const MAX_MARKS = 4_000;

export interface AcceptInput {
  readonly roomId: number;
  readonly senderId: number;
  readonly clientMsgId: string;
  readonly body: string;
  readonly text: string;
  /** Message id and time, repeated to whoever sends the same message again. */
  readonly id: string;
  readonly sentAt: number;
  readonly recipients?: readonly number[];
  /** Rank of the sender when he has been given no role. @defaultValue that of a member */
  readonly rank?: number | undefined;
  /** Present for an act. */
  readonly act?: ActTerms | undefined;
  /** Of the acceptance, when it is traced. */
  readonly traceparent?: string | undefined;
  /** When the `clientMsgId` says that it was made, ms since 1970; 0 when it does not say. */
  readonly clientMsgIdMs: number;
  /** The archive has been asked, and does not know the id. @defaultValue false */
  readonly archiveAsked?: boolean;
}

/** Codes with which the rules of a room refuse. */
export type RuleCode = 'BANNED' | 'FORBIDDEN' | 'MUTED' | 'ROOM_CLOSED' | 'HOSTS_ONLY' | 'SLOW_MODE';

/** What the accept script answered; see `accept-message-10.lua`. */
export type AcceptOutcome =
  | {
      readonly kind: 'ok';
      readonly seq: number;
      readonly epoch: string;
      readonly seqsLeft: number;
      readonly line: LinePosition;
    }
  | {
      readonly kind: 'duplicate';
      readonly seq: number;
      readonly epoch: string;
      readonly id: string;
      readonly sentAt: number;
      readonly sameText: boolean;
    }
  | { readonly kind: 'ask-archive'; readonly scope: 'room' | 'id' }
  | {
      readonly kind: 'refused';
      readonly code: RuleCode;
      /** Until when, milliseconds since 1970; 0 when that is not known. */
      readonly until: number;
      /** With `SLOW_MODE`, milliseconds. */
      readonly retryAfterMs: number;
    }
  /** Facts are not what the act was made for. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'unproven' | 'no-head' | 'ceiling' | 'overloaded' };

/** Of who has been given no role. */
export const MEMBER_RANK = rankOf('member');

/** The terms of an act as the script reads them. */
export function termsText({ need, isFree, target, expect, change, mark, record }: ActTerms): string {
  const pairs = (changes: readonly FactChange[]) => changes.map(([name, value]) => [name, value ?? false]);
  return JSON.stringify({
    need,
    free: isFree,
    ...(target && { target: String(target.userId), targetRank: target.rank, lower: target.mustBeLower }),
    expect: pairs(expect),
    change: pairs(change),
    ...(mark !== undefined && { mark }),
    marks: MAX_MARKS,
    record,
  });
}
