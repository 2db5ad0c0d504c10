import { AppError, CloseCode, errorFrameSchema, historyFrameSchema, Op } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { FakeConnection } from '../testing/fake-connection.js';
import { errorFrame, historyFrame, refuse } from './replies.js';

describe('errorFrame', () => {
  it('is what the protocol says', () => {
    const frame: unknown = JSON.parse(
      errorFrame(new AppError('RATE_LIMITED', { retryAfterMs: 250 }), {
        ref: 'r1',
        roomId: 7,
        clientMsgId: 'c1',
      }),
    );
    expect(errorFrameSchema.safeParse(frame).error).toBeUndefined();
    expect(frame).toMatchObject({
      op: Op.error,
      code: 'RATE_LIMITED',
      retryable: true,
      ref: 'r1',
      roomId: 7,
      clientMsgId: 'c1',
      retryAfterMs: 250,
    });
  });

  it('takes ref and clientMsgId from the error when the caller does not know them', () => {
    const error = new AppError('INVALID', { context: { ref: 9, clientMsgId: 'c2' }, fields: ['text'] });
    expect(JSON.parse(errorFrame(error))).toMatchObject({ ref: 9, clientMsgId: 'c2', fields: ['text'] });
    expect(JSON.parse(errorFrame(error, { ref: 'mine' }))).toMatchObject({ ref: 'mine' });
  });

  it('keeps the cause to itself', () => {
    const error = new AppError('INTERNAL', { cause: new Error('secret of the process') });
    expect(errorFrame(error)).not.toContain('secret');
  });
});

describe('historyFrame', () => {
  const page = { roomId: 7, epoch: 'e1', head: 12, more: true };

  it.each([
    { what: 'no messages', messages: [] },
    { what: 'messages', messages: ['{"seq":11}', '{"seq":12}'] },
  ])('holds $what unparsed', ({ messages }) => {
    const frame: unknown = JSON.parse(historyFrame({ ...page, messages }, 'r1'));
    expect(frame).toEqual({
      op: Op.history,
      ref: 'r1',
      ...page,
      messages: messages.map((text) => JSON.parse(text) as unknown),
    });
    if (messages.length === 0) expect(historyFrameSchema.safeParse(frame).error).toBeUndefined();
  });
});

describe('refuse', () => {
  it('answers and keeps the connection', () => {
    const connection = new FakeConnection(1);
    refuse(connection, new AppError('ROOM_NOT_FOUND'), { roomId: 7 });
    expect(connection.frames).toMatchObject([{ op: Op.error, code: 'ROOM_NOT_FOUND', roomId: 7 }]);
    expect(connection.closes).toEqual([]);
  });

  it('answers, then closes, when the code ends the connection', () => {
    const connection = new FakeConnection(1);
    refuse(connection, new AppError('AUTH_TIMEOUT'));
    expect(connection.frames).toMatchObject([{ op: Op.error, code: 'AUTH_TIMEOUT' }]);
    expect(connection.closes).toEqual([{ code: CloseCode.authTimeout, reason: 'AUTH_TIMEOUT' }]);
  });
});
