import { limits, Op, type Entry } from '@parley/protocol';
import {
  emptyTimeline,
  maxTimelineMessages,
  withActs,
  withLive,
  withoutOldest,
  type Timeline,
} from '../../timeline/timeline.js';

/** Messages of others that the user has not read: those that the server has counted, and those that came since. */
export interface Unread {
  /** Counted by the server, up to `to`. */
  readonly count: number;
  readonly to: number;
  /** Seqs after it, as far as they are worth counting. */
  readonly later: readonly number[];
}

/** A host has put this user out of a room; `lobby`: to wait until he is let in again. */
export interface PutOut {
  readonly reason: 'kicked' | 'banned' | 'lobby';
  /** Why, in the host's words. */
  readonly note?: string;
  /** Of a ban: until when, milliseconds since 1970; absent where the server did not say. */
  readonly until?: number;
}

/** The server has not taken a message, as the room stands. */
export interface Refusal {
  /** Of the error catalogue. */
  readonly code: string;
  /** Until when it holds, milliseconds since 1970; absent where the server did not say. */
  readonly until?: number;
}

/** A room or direct conversation as this tab knows it. Immutable. */
export interface Thread {
  /** Undefined for a conversation in which nothing was said yet. */
  readonly roomId: number | undefined;
  readonly timeline: Timeline;
  /** Of the newest page. `missing`: there is no such room, or one may not be in it. */
  readonly phase: 'idle' | 'loading' | 'ready' | 'failed' | 'missing';
  readonly older: 'idle' | 'loading' | 'failed';
  readonly newer: 'idle' | 'loading' | 'failed';
  /** Why a room is `missing` that is there. */
  readonly putOut: PutOut | undefined;
  /** Why the user's last message was not taken. Its text is where it was written. */
  readonly refusal: Refusal | undefined;
  /** Why a phase is `failed`. */
  readonly errorCode: string | undefined;
  /** The user has seen everything up to this seq; undefined: never opened on this device. */
  readonly readTo: number | undefined;
  /** What others have written since. */
  readonly unread: Unread;
  /** Where the line "new messages" stands: above others' messages after this seq. */
  readonly unreadAfter: number | undefined;
  /** Another number: the reader is to be led to that line, or the end, anew. */
  readonly place: number;
  /** The server lost data and the numbering went on elsewhere: something may be missing. */
  readonly hasBroken: boolean;
}

export const emptyThread: Thread = {
  roomId: undefined,
  timeline: emptyTimeline,
  phase: 'idle',
  older: 'idle',
  newer: 'idle',
  putOut: undefined,
  refusal: undefined,
  errorCode: undefined,
  readTo: undefined,
  unread: { count: 0, to: 0, later: [] },
  unreadAfter: undefined,
  place: 0,
  hasBroken: false,
};

/** The room goes at least up to `head`. */
export function withHead(thread: Thread, head: number): Thread {
  if (head <= thread.timeline.head) return thread;
  return { ...thread, timeline: { ...thread.timeline, head } };
}

/** Nothing of the room may be read any more. What this user has sent in vain is still his. */
export function withPutOut({ roomId, readTo, timeline }: Thread, putOut: PutOut): Thread {
  const outgoing = timeline.outgoing.filter((send) => send.status !== 'sent');
  return {
    ...emptyThread,
    roomId,
    readTo,
    timeline: { ...emptyTimeline, outgoing },
    phase: 'missing',
    putOut,
  };
}

/** How the user stands to a thread when a message arrives. */
export interface View {
  readonly me: number;
  /** The page shows it, but not its end, or nobody looks: see `Reading.isAway`. */
  readonly isAway: boolean;
  /** Up to where the page has shown it; undefined: it does not show it. */
  readonly shownTo?: number | undefined;
}

/** A message was delivered. What a reader who scrolled up has on the screen stays there. */
export function withArrived(before: Thread, message: Entry, { me, isAway, shownTo }: View): Thread {
  const thread = withActOf(before, message, me);
  const { timeline, unreadAfter } = thread;
  // Acts are nobody's message.
  const isOwn = message.fromUserId === me || message.op === Op.event || message.deleted !== undefined;
  const isNew = isAway && !isOwn;
  const next = {
    ...thread,
    roomId: message.roomId,
    unread: isOwn ? thread.unread : withUnread(thread, message.seq),
    unreadAfter: isNew ? (unreadAfter ?? message.seq - 1) : unreadAfter,
  };
  if (!isAway) return { ...next, timeline: withoutOldest(withLive(timeline, message, me), shownTo) };
  // At the bound the rest waits in the log until the reader comes down.
  if (timeline.messages.length >= maxTimelineMessages) return withHead(next, message.seq);
  return { ...next, timeline: withLive(timeline, message, me) };
}

/** What an act hides is hidden at once, and nothing that is unread. */
function withActOf(thread: Thread, entry: Entry, me: number): Thread {
  const timeline = withActs(thread.timeline, [entry], me);
  if (timeline === thread.timeline) return thread;
  const gone = new Set(timeline.messages.filter(({ deleted }) => deleted).map(({ seq }) => seq));
  const later = thread.unread.later.filter((seq) => !gone.has(seq));
  return { ...thread, timeline, unread: { ...thread.unread, later } };
}

/** Own messages are never unread, and others' only once: an older one may come again. */
function withUnread({ unread, readTo = -1 }: Thread, seq: number): Unread {
  const { to, later } = unread;
  const isKnown = seq <= Math.max(to, readTo, later.at(-1) ?? 0);
  return isKnown || later.length >= limits.maxUnread ? unread : { ...unread, later: [...later, seq] };
}
