import { messageBody, type DispatchEntry } from '@parley/contracts';

/** An entry as the accept script makes it. */
export function entry(
  seq: number,
  more: { roomId?: number; clientMsgId?: string; senderId?: number; msg?: string } = {},
): DispatchEntry {
  const { roomId = 1, clientMsgId = `c-${seq}`, senderId = 3, msg = `message ${seq}` } = more;
  const body = messageBody({
    code: 0,
    op: 3,
    msg,
    fromUserId: senderId,
    fromUserName: 'demo',
    toUserId: 0,
    toUserName: '',
    roomId,
    createTime: '2026-11-23 08:01:39',
    id: `id-${roomId}-${seq}`,
    clientMsgId,
    sentAt: 1_764_000_000_000 + seq,
  });
  return { roomId, seq, epoch: 'e1', body };
}
