import { describe, expect, it } from 'vitest';
import { hintText, parseHint } from './hint.js';

describe('parseHint', () => {
  it('reads what the accept script writes, whatever the text has in it', () => {
    expect(parseHint('7|12|e1||{"msg":"a|b|c"')).toStrictEqual({
      roomId: 7,
      seq: 12,
      epoch: 'e1',
      body: '{"msg":"a|b|c"',
    });
  });

  it('reads whom a direct message is for', () => {
    const hint = { roomId: 7, seq: 12, epoch: 'e1', recipients: [3, 14], body: '{"msg":"a|b"' };
    expect(hintText(hint)).toBe('7|12|e1|3,14|{"msg":"a|b"');
    expect(parseHint(hintText(hint))).toEqual(hint);
  });

  it.each([
    ...['', '7', '7|12', '7|12|e1', '7|12|e1|', '7|12|e1|{', '7|12|e1||', '7|12|||{', 'x|12|e1||{'],
    ...['7|0|e1||{', '-7|1|e1||{', '7|1.5|e1||{', '7|1|e1|a|{', '7|1|e1|1,|{', '7|9007199254740993|e1||{'],
  ])('takes %j for none', (text) => expect(parseHint(text)).toBeUndefined());
});
