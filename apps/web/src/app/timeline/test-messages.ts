import { Op, type EventFrame, type HistoryPage, type Message } from '@parley/protocol';

/** Test data: message number `seq` of room 1, from user 2, a second after the one before. */
export function testMessage(seq: number, fields: Partial<Message> = {}): Message {
  return {
    op: Op.room,
    code: 0,
    msg: `message ${seq}`,
    fromUserId: 2,
    fromUserName: 'ana',
    toUserId: 0,
    toUserName: '',
    roomId: 1,
    createTime: '2026-11-23 08:00:00',
    id: `id-${seq}`,
    clientMsgId: `c-${seq}`,
    sentAt: new Date(2026, 10, 23, 8, 0, 0).getTime() + seq * 1_000,
    seq,
    epoch: 'e1',
    ...fields,
  };
}

/** Test data: act number `seq` of room 1, a second after the entry before. */
export function testEvent(seq: number, fields: Partial<EventFrame> & { readonly kind: string }): EventFrame {
  return {
    op: Op.event,
    fromUserId: 0,
    fromUserName: '',
    roomId: 1,
    id: `id-${seq}`,
    clientMsgId: '',
    sentAt: new Date(2026, 10, 23, 8, 0, 0).getTime() + seq * 1_000,
    seq,
    epoch: 'e1',
    ...fields,
  };
}

/** Test data: messages `from` to `to`, inclusive. */
export function testMessages(from: number, to: number): Message[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => testMessage(from + i));
}

/** Test data: a page of history. */
export function testPage(from: number, to: number, fields: Partial<HistoryPage> = {}): HistoryPage {
  return { roomId: 1, epoch: 'e1', head: to, messages: testMessages(from, to), more: from > 1, ...fields };
}
