import { fuzzSeed } from '@parley/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../errors/app-error.js';
import { limits } from '../limits.js';
import { Op } from '../opcodes.js';
import { parseClientFrame } from './parse-client-frame.js';

const seed = fuzzSeed();
const parse = (value: unknown) => parseClientFrame(JSON.stringify(value));

function refusal(text: string): AppError {
  try {
    parseClientFrame(text);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('accepted');
}

describe('parseClientFrame', () => {
  it("takes gochat's first frame, which has no op, as a move", () => {
    expect(parse({ authToken: 't', roomId: 1 })).toEqual({ op: Op.move, authToken: 't', roomId: 1 });
  });

  it('takes ids as digits and drops unknown fields', () => {
    const frame = { op: Op.room, roomId: '12', msg: 'hi', fromUserName: 'x', createTime: 1 };
    expect(parse(frame)).toEqual({ op: Op.room, roomId: 12, msg: 'hi' });
    expect(parse({ op: Op.direct, toUserId: '3', msg: 'hi' })).toEqual({
      op: Op.direct,
      toUserId: 3,
      msg: 'hi',
    });
  });

  it.each([
    ['not JSON', '{', 'BAD_JSON', undefined],
    ['nothing', '', 'BAD_JSON', undefined],
    ['null', 'null', 'INVALID', undefined],
    ['a list', '[]', 'INVALID', undefined],
    ['a text', '"x"', 'INVALID', undefined],
    ['an empty object', '{}', 'INVALID', ['roomId']],
    ['an unknown op', '{"op":99}', 'UNKNOWN_OP', undefined],
    ['an op that only servers send', '{"op":22}', 'UNKNOWN_OP', undefined],
    ['an op as text', '{"op":"3"}', 'UNKNOWN_OP', undefined],
    ['a null op', '{"op":null}', 'UNKNOWN_OP', undefined],
    ['no text', '{"op":3,"roomId":1}', 'INVALID', ['msg']],
    ['a blank text', '{"op":3,"roomId":1,"msg":" "}', 'INVALID', ['msg']],
    ['a room 0', '{"op":20,"roomId":0}', 'INVALID', ['roomId']],
    ['a negative lastSeq', '{"op":20,"roomId":1,"lastSeq":-1}', 'INVALID', ['lastSeq']],
    ['a bad clientMsgId', '{"op":3,"msg":"a","clientMsgId":"a b"}', 'INVALID', ['clientMsgId']],
    ['too large a page', '{"op":27,"roomId":1,"limit":201}', 'INVALID', ['limit']],
    ['several faults', '{"op":2,"toUserId":[],"msg":5}', 'INVALID', ['toUserId', 'msg']],
  ])('refuses %s', (_name, text, code, fields) => {
    const error = refusal(text);
    expect(error.code).toBe(code);
    expect(error.fields).toEqual(fields);
  });

  it('takes the largest page', () => {
    expect(parse({ op: Op.history, roomId: 1, limit: limits.maxHistoryPage })).toMatchObject({ limit: 200 });
  });

  it('judges the length of a text in code points, on both sides of the bound', () => {
    const frame = (count: number) => ({ op: Op.room, msg: '👍'.repeat(count), ref: 7 });
    expect(parse(frame(limits.maxTextCodePoints))).toMatchObject({ op: Op.room });
    const error = refusal(JSON.stringify(frame(limits.maxTextCodePoints + 1)));
    expect(error).toMatchObject({ code: 'MESSAGE_TOO_LONG', context: { ref: 7 } });
  });

  it('keeps a usable ref and clientMsgId of a refused frame, for the reply', () => {
    expect(refusal('{"op":99,"ref":"r1","clientMsgId":"c1"}').context).toEqual({
      ref: 'r1',
      clientMsgId: 'c1',
    });
    expect(refusal(`{"op":99,"ref":{},"clientMsgId":"${'x'.repeat(65)}"}`).context).toEqual({});
  });

  it('throws nothing but AppErrors, whatever of 10,000 texts comes', () => {
    const ops = fc.constantFrom(...Object.values(Op), undefined, 'x');
    const frames = fc
      .record(
        {
          op: ops,
          roomId: fc.jsonValue(),
          toUserId: fc.jsonValue(),
          msg: fc.jsonValue(),
          authToken: fc.jsonValue(),
          clientMsgId: fc.jsonValue(),
          lastSeq: fc.jsonValue(),
          epoch: fc.jsonValue(),
          ref: fc.jsonValue(),
        },
        { requiredKeys: [] },
      )
      .map((frame) => JSON.stringify(frame));
    const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array).toString('utf8'));
    const texts = fc.oneof(bytes, fc.string({ unit: 'binary' }), fc.json(), frames);
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseClientFrame(text);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 10_000, seed },
    );
  });
});
