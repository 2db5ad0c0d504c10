import type { Entry, HistoryPage } from '@parley/protocol';
import { hidden, hidingActOf, withTombstones, type HidingAct } from './hiding.js';

/** Most messages kept and rendered; further ones are loaded again when scrolled to. */
export const maxTimelineMessages = 500;
/**
 * Where a reader stays at the newest ones, the oldest go from the first number on, down to the second: what is not seen
 * still costs time with every message, and each time the oldest go, everything moves. Chosen by measuring.
 */
export const followed = { most: 96, kept: 64 } as const;

/** Acts that are remembered for pages which were asked for before them. Far more than happen while one is on its way. */
const maxActs = 100;

/** A message of this user's on its way. */
export interface OutgoingMessage {
  readonly clientMsgId: string;
  readonly text: string;
  /** When the user sent it, milliseconds, by this device's clock. */
  readonly createdAtMs: number;
  readonly status: 'pending' | 'sent' | 'failed';
  /** Its place in the room, once `sent`. */
  readonly seq?: number;
  /** Why it `failed`: a code of the catalogue or of libs/client. */
  readonly errorCode?: string;
}

/** What is known of one conversation: an unbroken stretch of its messages, and this user's sends. Immutable. */
export interface Timeline {
  /** Ascending by seq, and nothing between two neighbours is missing. */
  readonly messages: readonly Entry[];
  /** In the order they were sent. Those that arrived as messages are not here any more. */
  readonly outgoing: readonly OutgoingMessage[];
  /** `messages` is complete up to this seq; 0 while nothing is loaded. */
  readonly coveredTo: number;
  /** The highest seq known to exist. */
  readonly head: number;
  /** There is nothing before `messages`. */
  readonly reachedStart: boolean;
  /** The last acts that hid messages or showed them again, ascending by seq. */
  readonly acts: readonly HidingAct[];
}

export const emptyTimeline: Timeline = {
  messages: [],
  outgoing: [],
  coveredTo: 0,
  head: 0,
  reachedStart: false,
  acts: [],
};

/** Whether `messages` goes up to the newest message. Otherwise newer ones have to be loaded to be seen. */
export const isAtEnd = (timeline: Timeline): boolean => timeline.coveredTo >= timeline.head;

/** First seq of the stretch; undefined when it is empty. */
export const firstSeq = (timeline: Timeline): number | undefined => timeline.messages[0]?.seq;

/** Sends that came back as messages are confirmed: the message takes their place. */
function withoutConfirmed(
  outgoing: readonly OutgoingMessage[],
  arrived: readonly Entry[],
  me: number,
): readonly OutgoingMessage[] {
  if (outgoing.length === 0) return outgoing;
  const confirmed = new Set(arrived.filter((m) => m.fromUserId === me).map((m) => m.clientMsgId));
  const left = outgoing.filter((send) => !confirmed.has(send.clientMsgId));
  return left.length === outgoing.length ? outgoing : left;
}

/** What entries hide, or show again, of what is here already; wherever they themselves belong. */
export function withActs(timeline: Timeline, entries: readonly Entry[], me: number): Timeline {
  const known = new Set(timeline.acts.map(({ seq }) => seq));
  const fresh = entries.flatMap((entry) => hidingActOf(entry) ?? []).filter(({ seq }) => !known.has(seq));
  if (fresh.length === 0) return timeline;
  const acts = [...timeline.acts, ...fresh].sort((a, b) => a.seq - b.seq).slice(-maxActs);
  // What was accepted and has not arrived will come without its text.
  const outgoing = timeline.outgoing.filter(
    ({ seq }) => seq === undefined || !hidden({ seq, fromUserId: me }, acts),
  );
  return { ...timeline, acts, messages: withTombstones(timeline.messages, acts), outgoing };
}

/** Messages that are shown again, read anew. Those that are in the timeline as deleted get their texts back. */
export function withRestored(timeline: Timeline, page: Pick<HistoryPage, 'messages'>): Timeline {
  const read = new Map(withTombstones(page.messages, timeline.acts).map((entry) => [entry.seq, entry]));
  const messages = timeline.messages.map((entry) => (entry.deleted && read.get(entry.seq)) || entry);
  return { ...timeline, messages };
}

/** A message delivered live. One that is known changes nothing; one that leaves a gap only moves `head`. */
export function withLive(before: Timeline, message: Entry, me: number): Timeline {
  const timeline = withActs(before, [message], me);
  if (message.seq <= timeline.coveredTo) return timeline;
  const head = Math.max(timeline.head, message.seq);
  if (message.seq !== timeline.coveredTo + 1) return { ...timeline, head };
  const messages = [...timeline.messages, message];
  return {
    ...timeline,
    messages,
    outgoing: withoutConfirmed(timeline.outgoing, [message], me),
    coveredTo: message.seq,
    head,
  };
}

/** The newest page: replaces the stretch, but keeps what came live after it. */
export function withLatestPage(timeline: Timeline, page: HistoryPage, me: number): Timeline {
  const coveredTo = Math.max(page.head, page.messages.at(-1)?.seq ?? 0);
  let next: Timeline = {
    messages: withTombstones(page.messages, timeline.acts),
    // What the page would have if it were not older than all of it is further up.
    outgoing: withoutConfirmed(timeline.outgoing, page.messages, me).filter(
      ({ seq = Infinity }) => seq > coveredTo,
    ),
    coveredTo,
    // Not below: a live message may have come while the page was on its way.
    head: Math.max(timeline.head, coveredTo),
    reachedStart: !page.more,
    acts: timeline.acts,
  };
  for (const message of timeline.messages) next = withLive(next, message, me);
  return next;
}

/** A page of older messages, asked for with `before` = the first seq. A late answer for another stretch is ignored. */
export function withOlderPage(timeline: Timeline, page: HistoryPage, before: number): Timeline {
  if (firstSeq(timeline) !== before) return timeline;
  const older = withTombstones(page.messages, timeline.acts).filter((message) => message.seq < before);
  const messages = [...older, ...timeline.messages];
  const next = { ...timeline, messages, reachedStart: !page.more };
  if (messages.length <= maxTimelineMessages) return next;
  // The reader is at the top: the far end goes, and is loaded again on the way down.
  const kept = messages.slice(0, maxTimelineMessages);
  return { ...next, messages: kept, coveredTo: kept.at(-1)?.seq ?? timeline.coveredTo };
}

/** A page of newer messages, asked for with `after` = `coveredTo`. A late answer for another stretch is ignored. */
export function withNewerPage(shown: Timeline, page: HistoryPage, after: number, me: number): Timeline {
  if (shown.coveredTo !== after) return shown;
  const timeline = withActs(shown, page.messages, me);
  const newer = withTombstones(page.messages, timeline.acts).filter((message) => message.seq > after);
  const last = newer.at(-1)?.seq ?? after;
  const coveredTo = page.more ? last : Math.max(last, page.head);
  return {
    ...timeline,
    messages: [...timeline.messages, ...newer],
    outgoing: withoutConfirmed(timeline.outgoing, newer, me),
    coveredTo,
    head: Math.max(page.head, timeline.head, coveredTo),
  };
}

/**
 * Drops the oldest messages when there are too many, a lot at once. Only for a reader who is at the newest ones.
 *
 * @param shownTo - Messages after this seq stay, up to the bound of all: a burst that a busy page has not come to is seen, too.
 */
export function withoutOldest(timeline: Timeline, shownTo = Infinity): Timeline {
  const { messages } = timeline;
  if (messages.length <= followed.most) return timeline;
  const unseen = messages.findIndex(({ seq }) => seq > shownTo);
  const kept = Math.max(followed.kept, unseen < 0 ? 0 : messages.length - unseen);
  // Nothing much would go: it does with those that come next.
  if (kept > followed.most && messages.length <= maxTimelineMessages) return timeline;
  return {
    ...timeline,
    messages: messages.slice(-Math.min(kept, maxTimelineMessages)),
    reachedStart: false,
  };
}

/**
 * What of this user's sends is not accepted yet. Those that are stay until they arrive as messages; those that have arrived
 * are not shown twice.
 */
export function withSends(timeline: Timeline, sends: readonly OutgoingMessage[], me: number): Timeline {
  const known = new Map(timeline.outgoing.map((send) => [send.clientMsgId, send]));
  const accepted = timeline.outgoing.filter((send) => send.status === 'sent');
  const isAccepted = new Set(accepted.map((send) => send.clientMsgId));
  const open = sends
    .filter((send) => !isAccepted.has(send.clientMsgId))
    .map((send) => {
      const before = known.get(send.clientMsgId);
      const isSame = before?.status === send.status && before.errorCode === send.errorCode;
      return before && isSame ? before : send;
    });
  const outgoing = withoutConfirmed([...accepted, ...open], timeline.messages, me);
  const isSame =
    outgoing.length === timeline.outgoing.length &&
    outgoing.every((send, i) => send === timeline.outgoing[i]);
  return isSame ? timeline : { ...timeline, outgoing };
}

/** The server has the message. It stays among the sends until it arrives as a message, which may have happened already. */
export function withAck(timeline: Timeline, clientMsgId: string, seq: number): Timeline {
  // Or it is further up, and comes with its page.
  const isShown = seq <= timeline.coveredTo;
  const outgoing = isShown
    ? timeline.outgoing.filter((send) => send.clientMsgId !== clientMsgId)
    : timeline.outgoing.map((send) =>
        send.clientMsgId === clientMsgId ? { ...send, status: 'sent' as const, seq } : send,
      );
  return { ...timeline, outgoing, head: Math.max(timeline.head, seq) };
}
