import { limits, type ReadState } from '@parley/protocol';
import { firstSeq } from '../../timeline/timeline.js';
import type { Thread } from '../threads/thread.js';

/** Messages of others that the user has not seen, at most `limits.maxUnread`. */
export function unreadCount({ unread }: Thread): number {
  return Math.min(limits.maxUnread, unread.count + unread.later.length);
}

/** Whether the first message after where the user left off is further up than what is loaded. */
export function hasUnreadAbove({ unreadAfter, timeline }: Thread): boolean {
  const first = firstSeq(timeline);
  if (unreadAfter === undefined || first === undefined) return false;
  return first > unreadAfter + 1 && !timeline.reachedStart;
}

/** The user has seen everything up to `seq`. Never goes back. */
export function withRead(thread: Thread, seq: number): Thread {
  const { readTo = -1, unread } = thread;
  if (seq <= readTo) return thread;
  const later = unread.later.filter((other) => other > seq);
  // Somewhere among those that the server has counted: it will say how many are left.
  const counted = seq >= unread.to ? { count: 0, to: seq } : { count: unread.count, to: unread.to };
  return { ...thread, readTo: seq, unread: { ...counted, later } };
}

/**
 * What the server says, which knows of all devices. Nothing changes when this one has read further, or when it was said before
 * something that was heard earlier.
 */
export function withReadState(thread: Thread, { seq, head, unread: count }: ReadState): Thread {
  const { readTo = -1, unread } = thread;
  if (seq < readTo || (seq === readTo && head < unread.to)) return thread;
  const later = thread.unread.later.filter((other) => other > head);
  return { ...thread, readTo: seq, unread: { count, to: head, later } };
}

/** The thread is opened: the line "new messages" stands where the user left off, if anything came since. */
export function withOpened(thread: Thread): Thread {
  const unreadAfter = unreadCount(thread) > 0 ? thread.readTo : undefined;
  return { ...thread, unreadAfter };
}

/** The thread was opened before it was known where the user left off: they are led there now, if anything came since. */
export function withKnown(thread: Thread): Thread {
  const opened = withOpened(thread);
  return opened.unreadAfter === undefined ? thread : { ...opened, place: thread.place + 1 };
}
