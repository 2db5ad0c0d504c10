import { Op, type Deleted, type Message, type User } from '@parley/protocol';
import { dayStart } from '../text/dates.js';
import { eventRowsOf, type EventRow } from './event-rows.js';
import type { OutgoingMessage, Timeline } from './timeline.js';

/** Messages of one author this close together share a header, milliseconds. A matter of taste. */
const groupWindowMs = 5 * 60_000;

/** One bubble. */
export interface Bubble {
  /** Stays the same from the moment of sending to the message's arrival, so that nothing flickers. */
  readonly key: string;
  /** Empty where it has been deleted. */
  readonly text: string;
  /** By whom, and why, where it has been deleted. */
  readonly deleted: Deleted | undefined;
  readonly atMs: number;
  /** Local midnight before `atMs`. */
  readonly dayMs: number;
  readonly status: 'pending' | 'sent' | 'failed';
  readonly seq: number | undefined;
  readonly errorCode: string | undefined;
  /** Of this user's own sends only: what retry and discard need. */
  readonly clientMsgId: string;
}

/** Messages of one author, close together in time. */
export interface Group {
  readonly kind: 'group';
  readonly key: string;
  readonly userId: number;
  readonly userName: string;
  readonly isOwn: boolean;
  /** He has no account, as the server says. */
  readonly isGuest: boolean;
  readonly atMs: number;
  /** At least one. */
  readonly bubbles: readonly Bubble[];
}

/** What the list shows, top to bottom. */
export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly dayMs: number }
  | { readonly kind: 'unread'; readonly key: string }
  | EventRow
  | Group;

/** Who is reading. */
export interface Reader {
  readonly userId: number;
  readonly userName: string;
  readonly role?: User['role'];
}

// A bubble is made once per message object, and a group once per list of bubbles: React then sees at a glance what did
// not change. In a busy room that is all but the last group.
const bubbles = new WeakMap<Message | OutgoingMessage, Bubble>();
const groups = new WeakMap<Bubble, Group>();

/** The group of these bubbles that was made before, if there is one. */
function sameGroup(group: Group): Group {
  const first = group.bubbles[0] as Bubble;
  const made = groups.get(first);
  const isSame =
    made?.isOwn === group.isOwn &&
    made.bubbles.length === group.bubbles.length &&
    made.bubbles.every((bubble, i) => bubble === group.bubbles[i]);
  if (isSame) return made;
  groups.set(first, group);
  return group;
}

function bubbleOf(message: Message): Bubble {
  const made = bubbles.get(message) ?? {
    key: `${message.fromUserId}:${message.clientMsgId || message.id}`,
    text: message.deleted ? '' : message.msg,
    deleted: message.deleted,
    atMs: message.sentAt,
    dayMs: dayStart(message.sentAt),
    status: 'sent',
    seq: message.seq,
    errorCode: undefined,
    clientMsgId: message.clientMsgId,
  };
  bubbles.set(message, made);
  return made;
}

function sendBubble(send: OutgoingMessage, me: number): Bubble {
  const made = bubbles.get(send) ?? {
    key: `${me}:${send.clientMsgId}`,
    text: send.text,
    deleted: undefined,
    atMs: send.createdAtMs,
    dayMs: dayStart(send.createdAtMs),
    status: send.status,
    seq: send.seq,
    errorCode: send.errorCode,
    clientMsgId: send.clientMsgId,
  };
  bubbles.set(send, made);
  return made;
}

/**
 * Arranges a timeline for reading: days, groups by author, and the line above what is new.
 *
 * @param unreadAfter - Others' messages after this seq are new; undefined when nothing is.
 */
export function buildRows(timeline: Timeline, me: Reader, unreadAfter: number | undefined): Row[] {
  const rows: Row[] = [];
  let lastDay: number | undefined;
  let hasUnreadLine = false;
  let group: (Group & { bubbles: Bubble[] }) | undefined;

  const addDay = (day: number, key: string) => {
    if (day === lastDay) return;
    rows.push({ kind: 'day', key: `day:${day}:${key}`, dayMs: day });
    lastDay = day;
    group = undefined;
  };
  const add = (userId: number, userName: string, bubble: Bubble, isGuest: boolean) => {
    addDay(bubble.dayMs, bubble.key);
    const isOwn = userId === me.userId;
    if (!hasUnreadLine && !isOwn && unreadAfter !== undefined && (bubble.seq ?? 0) > unreadAfter) {
      rows.push({ kind: 'unread', key: 'unread' });
      hasUnreadLine = true;
      group = undefined;
    }
    const previous = group?.bubbles.at(-1);
    if (!group || group.userId !== userId || !previous || bubble.atMs - previous.atMs > groupWindowMs) {
      group = {
        kind: 'group',
        key: `group:${bubble.key}`,
        userId,
        userName,
        isOwn,
        isGuest,
        atMs: bubble.atMs,
        bubbles: [],
      };
      rows.push(group);
    }
    group.bubbles.push(bubble);
  };

  const events = eventRowsOf(timeline);
  for (const message of timeline.messages) {
    if (message.op !== Op.event) {
      add(message.fromUserId, message.fromUserName, bubbleOf(message), message.fromGuest === true);
      continue;
    }
    const row = events.get(message.seq);
    if (!row) continue;
    addDay(row.dayMs, row.key);
    rows.push(row);
    group = undefined;
  }
  for (const send of timeline.outgoing)
    add(me.userId, me.userName, sendBubble(send, me.userId), me.role === 'guest');
  return rows.map((row) => (row.kind === 'group' ? sameGroup(row) : row));
}
