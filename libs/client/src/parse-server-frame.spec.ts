import { messageSchema, Op } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { parseServerFrame } from './parse-server-frame.js';
import { message } from './testing/scripted-server.js';

const kindOf = (value: unknown) => parseServerFrame(JSON.stringify(value)).kind;

describe('parseServerFrame', () => {
  it('reads a message', () => {
    expect(parseServerFrame(JSON.stringify(message(7)))).toEqual({ kind: 'frame', frame: message(7) });
  });

  it('judges messages by hand as the schema does, field by field', () => {
    for (const field of Object.keys(messageSchema.shape).filter(
      (name) => !['op', 'deleted', 'fromGuest'].includes(name),
    )) {
      for (const wrong of [undefined, null, {}, [], true]) {
        const broken = { ...message(7), [field]: wrong };
        expect(messageSchema.safeParse(broken).success, field).toBe(false);
        expect(kindOf(broken), field).toBe('bad');
      }
      const swapped = typeof message(7)[field as 'seq'] === 'number' ? 'text' : 5;
      expect(messageSchema.safeParse({ ...message(7), [field]: swapped }).success, field).toBe(false);
      expect(kindOf({ ...message(7), [field]: swapped }), field).toBe('bad');
    }
  });

  it('reads who is a guest, and takes nothing else for it', () => {
    for (const [fromGuest, isRead] of [
      [true, true],
      [undefined, true],
      [false, false],
      [null, false],
      ['yes', false],
    ] as const) {
      const said = { ...message(7), fromGuest };
      expect(messageSchema.safeParse(said).success).toBe(isRead);
      expect(kindOf(said)).toBe(isRead ? 'frame' : 'bad');
    }
  });

  it('takes no seq that would upset the order', () => {
    for (const seq of [0, -1, 1.5, 2 ** 60]) expect(kindOf(message(seq))).toBe('bad');
  });

  it('checks the other frames by their schema', () => {
    expect(kindOf({ op: Op.count, roomId: 1, count: 4 })).toBe('frame');
    expect(kindOf({ op: Op.count, roomId: 1 })).toBe('bad');
  });

  it('tells an opcode of a newer server from rubbish', () => {
    expect(kindOf({ op: 999, anything: 1 })).toBe('unknown');
    for (const text of ['', 'x', 'null', '5', '[]', '{}', '{"op":"3"}']) {
      expect(parseServerFrame(text).kind, text).toBe('bad');
    }
  });
});
