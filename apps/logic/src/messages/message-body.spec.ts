import { messageJson, type Send } from '@parley/contracts';
import { messageSchema, Op } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { bodyOf, createTime } from './message-body.js';

const from = { userId: 1, userName: 'ada' };
const about = { roomId: 7, toUserName: '', id: 'id-1', sentAt: new Date(2025, 0, 2, 3, 4, 5).getTime() };
const complete = (send: Send, more = {}) =>
  messageSchema.parse(
    JSON.parse(messageJson({ body: bodyOf(send, { ...about, ...more }), seq: 9, epoch: 'e1' })),
  );

describe('bodyOf', () => {
  it('makes a room message of the protocol', () => {
    expect(complete({ from, roomId: 7, text: 'hi', clientMsgId: 'c1' })).toEqual({
      code: 0,
      op: Op.room,
      msg: 'hi',
      fromUserId: 1,
      fromUserName: 'ada',
      toUserId: 0,
      toUserName: '',
      roomId: 7,
      createTime: '2025-01-02 03:04:05',
      id: 'id-1',
      clientMsgId: 'c1',
      sentAt: about.sentAt,
      seq: 9,
      epoch: 'e1',
    });
  });

  it('makes a direct message of the protocol', () => {
    const send = { from, toUserId: 2, text: 'hi', clientMsgId: 'c1' };
    expect(complete(send, { toUserName: 'bob' })).toMatchObject({
      op: Op.direct,
      toUserId: 2,
      toUserName: 'bob',
      roomId: 7,
    });
  });

  it.each(['"}', '\\', 'line\nbreak', '\u2028', '😀', '","seq":1', '\ud800'])(
    'keeps a text that looks like JSON or is odd: %j',
    (text) => expect(complete({ from, roomId: 7, text, clientMsgId: 'c1' }).msg).toBe(text),
  );
});

describe('createTime', () => {
  it('pads every part', () => {
    expect(createTime(new Date(2025, 10, 12, 13, 14, 15).getTime())).toBe('2025-11-12 13:14:15');
    expect(createTime(new Date(2025, 0, 1, 0, 0, 0).getTime())).toBe('2025-01-01 00:00:00');
  });
});
