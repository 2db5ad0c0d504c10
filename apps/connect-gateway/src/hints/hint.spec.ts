import { describe, expect, it } from 'vitest';
import { parseHint } from './hint.js';

describe('parseHint', () => {
  it('reads what the accept script writes, whatever the text has in it', () => {
    expect(parseHint('7|12|e1||{"msg":"a|b|c"')).toEqual({
      roomId: 7,
      seq: 12,
      epoch: 'e1',
      body: '{"msg":"a|b|c"',
    });
  });

  it('reads whom a direct message is for', () => {
    expect(parseHint('7|12|e1|3,14|{')).toMatchObject({ recipients: [3, 14] });
  });

  it.each([
    ...['', '7', '7|12', '7|12|e1', '7|12|e1|', '7|12|e1|{', '7|12|e1||', '7|12|||{', 'x|12|e1||{'],
    ...['7|0|e1||{', '-7|1|e1||{', '7|1.5|e1||{', '7|1|e1|a|{', '7|1|e1|1,|{'],
  ])('takes %j for none', (text) => expect(parseHint(text)).toBeUndefined());
});
