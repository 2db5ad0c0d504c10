import type { Message } from '@parley/protocol';
import {
  emptyTimeline,
  maxTimelineMessages,
  withLive,
  withoutOldest,
  type Timeline,
} from '../../timeline/timeline.js';

/** A room or direct conversation as this tab knows it. Immutable. */
export interface Thread {
  /** Undefined for a conversation in which nothing was said yet. */
  readonly roomId: number | undefined;
  readonly timeline: Timeline;
  /** Of the newest page. `missing`: there is no such room. */
  readonly phase: 'idle' | 'loading' | 'ready' | 'failed' | 'missing';
  readonly older: 'idle' | 'loading' | 'failed';
  readonly newer: 'idle' | 'loading' | 'failed';
  /** Why a phase is `failed`. */
  readonly errorCode: string | undefined;
  /** The user has seen everything up to this seq; undefined: never opened on this device. */
  readonly readTo: number | undefined;
  /** Where the line "new messages" stands: above others' messages after this seq. */
  readonly unreadAfter: number | undefined;
  /** The server lost data and the numbering went on elsewhere: something may be missing. */
  readonly hasBroken: boolean;
}

export const emptyThread: Thread = {
  roomId: undefined,
  timeline: emptyTimeline,
  phase: 'idle',
  older: 'idle',
  newer: 'idle',
  errorCode: undefined,
  readTo: undefined,
  unreadAfter: undefined,
  hasBroken: false,
};

/** The room goes at least up to `head`. */
export function withHead(thread: Thread, head: number): Thread {
  if (head <= thread.timeline.head) return thread;
  return { ...thread, timeline: { ...thread.timeline, head } };
}

/** How the user stands to a thread when a message arrives. */
export interface View {
  readonly me: number;
  /** It is what the page shows. */
  readonly isShown: boolean;
  /** Its end is on the screen, in a visible tab. */
  readonly isRead: boolean;
}

/** A message was delivered. What a reader who scrolled up has on the screen stays there. */
export function withArrived(thread: Thread, message: Message, { me, isShown, isRead }: View): Thread {
  const isElsewhere = isShown && !isRead;
  const { timeline, unreadAfter } = thread;
  const isNew = isElsewhere && message.fromUserId !== me;
  const next = {
    ...thread,
    roomId: message.roomId,
    unreadAfter: isNew ? (unreadAfter ?? message.seq - 1) : unreadAfter,
  };
  if (!isElsewhere) return { ...next, timeline: withoutOldest(withLive(timeline, message, me)) };
  // At the bound the rest waits in the log until the reader comes down.
  if (timeline.messages.length >= maxTimelineMessages) return withHead(next, message.seq);
  return { ...next, timeline: withLive(timeline, message, me) };
}
