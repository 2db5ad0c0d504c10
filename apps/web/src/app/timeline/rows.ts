import type { Message } from '@parley/protocol';
import { dayStart } from '../text/dates.js';
import type { OutgoingMessage, Timeline } from './timeline.js';

/** Messages of one author this close together share a header, milliseconds. A matter of taste. */
const groupWindowMs = 5 * 60_000;

/** One bubble. */
export interface Bubble {
  /** Stays the same from the moment of sending to the message's arrival, so that nothing flickers. */
  readonly key: string;
  readonly text: string;
  readonly atMs: number;
  readonly status: 'pending' | 'sent' | 'failed';
  readonly seq: number | undefined;
  readonly errorCode: string | undefined;
  /** Of this user's own sends only: what retry and discard need. */
  readonly clientMsgId: string;
}

/** What the list shows, top to bottom. */
export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly dayMs: number }
  | { readonly kind: 'unread'; readonly key: string }
  | {
      readonly kind: 'group';
      readonly key: string;
      readonly userId: number;
      readonly userName: string;
      readonly isOwn: boolean;
      readonly atMs: number;
      readonly bubbles: readonly Bubble[];
    };

/** Who is reading. */
export interface Reader {
  readonly userId: number;
  readonly userName: string;
}

// A bubble is made once per message object: React then sees at a glance what did not change.
const bubbles = new WeakMap<Message | OutgoingMessage, Bubble>();

function bubbleOf(message: Message): Bubble {
  const made = bubbles.get(message) ?? {
    key: `${message.fromUserId}:${message.clientMsgId || message.id}`,
    text: message.msg,
    atMs: message.sentAt,
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
    atMs: send.createdAtMs,
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
  let group: (Extract<Row, { kind: 'group' }> & { bubbles: Bubble[] }) | undefined;

  const add = (userId: number, userName: string, bubble: Bubble) => {
    const day = dayStart(bubble.atMs);
    if (day !== lastDay) {
      rows.push({ kind: 'day', key: `day:${day}:${bubble.key}`, dayMs: day });
      lastDay = day;
      group = undefined;
    }
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
        atMs: bubble.atMs,
        bubbles: [],
      };
      rows.push(group);
    }
    group.bubbles.push(bubble);
  };

  for (const message of timeline.messages) add(message.fromUserId, message.fromUserName, bubbleOf(message));
  for (const send of timeline.outgoing) add(me.userId, me.userName, sendBubble(send, me.userId));
  return rows;
}
