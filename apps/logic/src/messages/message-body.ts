import { messageBody, type Send } from '@parley/contracts';
import { Op } from '@parley/protocol';

const two = (n: number) => String(n).padStart(2, '0');

/** gochat's `createTime`: `YYYY-MM-DD HH:mm:ss` in the server's time zone. */
export function createTime(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

/** The delivered object of a message, as far as it is known before it is accepted; see `stream-entries.ts`. */
export function bodyOf(
  send: Send,
  about: { roomId: number; toUserName: string; id: string; sentAt: number },
): string {
  return messageBody({
    code: 0,
    op: send.toUserId === undefined ? Op.room : Op.direct,
    msg: send.text,
    fromUserId: send.from.userId,
    fromUserName: send.from.userName,
    toUserId: send.toUserId ?? 0,
    toUserName: about.toUserName,
    roomId: about.roomId,
    createTime: createTime(about.sentAt),
    id: about.id,
    clientMsgId: send.clientMsgId,
    sentAt: about.sentAt,
    ...(send.from.standing === 'guest' && { fromGuest: true }),
  });
}
