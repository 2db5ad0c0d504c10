import type { Thread } from '../threads/thread.js';

/** Messages that the user has not seen. */
export function unreadCount(thread: Thread): number {
  return Math.max(0, thread.timeline.head - (thread.readTo ?? 0));
}

/** The user has seen everything up to `seq`. Never goes back. */
export function withRead(thread: Thread, seq: number): Thread {
  return seq > (thread.readTo ?? -1) ? { ...thread, readTo: seq } : thread;
}

/** The thread is opened: the line "new messages" stands where the user left off, if anything came since. */
export function withOpened(thread: Thread): Thread {
  const { readTo, timeline } = thread;
  const unreadAfter = readTo !== undefined && readTo < timeline.head ? readTo : undefined;
  return { ...thread, unreadAfter };
}
