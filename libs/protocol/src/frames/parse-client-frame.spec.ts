import { fuzzSeed } from '@parley/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../errors/app-error.js';
import { limits } from '../limits.js';
import { Op } from '../opcodes.js';
import { parseClientFrame } from './parse-client-frame.js';

const seed = fuzzSeed();
const parse = (value: unknown) => parseClientFrame(JSON.stringify(value));

function refusal(text: string, waitMsFor?: (op: unknown) => number): AppError {
  try {
    parseClientFrame(text, waitMsFor);
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
    ['no act', '{"op":34,"roomId":1}', 'INVALID', ['act']],
    ['an act that is none', '{"op":34,"act":{"act":"x"}}', 'INVALID', ['act.act']],
    ['an act without its person', '{"op":34,"act":{"act":"kick"}}', 'INVALID', ['act.userId']],
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

  it('asks whether to go on before it looks at more than the opcode', () => {
    const asked: unknown[] = [];
    const wait = (waitMs: number) => (op: unknown) => {
      asked.push(op);
      return waitMs;
    };
    const text = '{"op":3,"msg":5,"ref":"r","clientMsgId":"c"}';
    expect(refusal(text, wait(250))).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterMs: 250,
      context: { ref: 'r', clientMsgId: 'c' },
    });
    expect(refusal(text, wait(0))).toMatchObject({ code: 'INVALID' });
    expect(parseClientFrame('{"op":28}', wait(0))).toEqual({ op: 28 });
    expect(asked).toEqual([3, 3, 28]);
  });

  it('keeps a usable ref and clientMsgId of a refused frame, for the reply', () => {
    expect(refusal('{"op":99,"ref":"r1","clientMsgId":"c1"}').context).toEqual({
      ref: 'r1',
      clientMsgId: 'c1',
    });
    expect(refusal(`{"op":99,"ref":{},"clientMsgId":"${'x'.repeat(65)}"}`).context).toEqual({});
  });

  // Each was taken, and came back as something else: U+FFFD, another number, or nothing at all.
  it.each([
    ['half a surrogate pair in a text', '{"op":3,"msg":"a\\ud800"}', ['msg']],
    ['halves in the wrong order', '{"op":3,"msg":"\\udc4d\\ud83d"}', ['msg']],
    ['NUL in a text', '{"op":3,"msg":"a\\u0000b"}', ['msg']],
    ['a text of joiners', '{"op":3,"msg":"\\u200d\\u2800\\u3164"}', ['msg']],
    ['half a surrogate pair in a ref', '{"op":28,"ref":"\\udfff"}', ['ref']],
    ['a ref beyond doubles', '{"op":28,"ref":1e400}', ['ref']],
    ['a ref of twenty digits', '{"op":28,"ref":12345678901234567890}', ['ref']],
    ['a room above 2^53', '{"op":20,"roomId":9007199254740993}', ['roomId']],
    ['a room that rounds to one', '{"op":20,"roomId":1.00000000000000000001}', ['roomId']],
    ['minus nothing as a position', '{"op":20,"roomId":1,"lastSeq":-0}', ['lastSeq']],
    ['a room with a plus', '{"op":20,"roomId":"+1"}', ['roomId']],
    ['a room in other digits', '{"op":20,"roomId":"١"}', ['roomId']],
    ['an epoch that cannot be kept', '{"op":20,"roomId":1,"lastSeq":1,"epoch":"\\ud800"}', ['epoch']],
  ])('refuses %s', (_name, text, fields) => {
    const error = refusal(text);
    expect(error).toMatchObject({ code: 'INVALID', fields });
    // The refusal echoes nothing that it would have to change.
    expect(error.context?.['ref']).toBeUndefined();
  });

  it('takes numbers that are whole however they are written, and drops odd ones that nobody reads', () => {
    expect(parseClientFrame('{"op":20,"roomId":1.0,"lastSeq":1e3,"ref":0.5,"nonce":1e400}')).toEqual({
      op: Op.join,
      roomId: 1,
      lastSeq: 1_000,
      ref: 0.5,
    });
  });

  it('reads the last of repeated members, and no prototype', () => {
    expect(parseClientFrame('{"op":3,"op":28,"ref":1,"ref":2}')).toEqual({ op: Op.ping, ref: 2 });
    expect(refusal('{"__proto__":{"op":28}}')).toMatchObject({ code: 'INVALID', fields: ['roomId'] });
    expect(refusal('{"op":"__proto__"}').code).toBe('UNKNOWN_OP');
  });

  it('stands any depth that fits a frame', () => {
    const deep = '['.repeat(16_000) + ']'.repeat(16_000);
    expect(parseClientFrame(`{"op":28,"x":${deep}}`)).toEqual({ op: Op.ping });
    expect(refusal(`{"op":3,"msg":${deep}}`).code).toBe('INVALID');
    expect(refusal('{"a":'.repeat(6_000)).code).toBe('BAD_JSON');
  });

  it('throws nothing but AppErrors, whatever of 10,000 texts comes', () => {
    const ops = fc.constantFrom(...Object.values(Op), undefined, 'x');
    const frames = fc
      .record(
        {
          op: ops,
          act: fc.jsonValue(),
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
