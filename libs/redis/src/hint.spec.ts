import { describe, expect, it } from 'vitest';
import { hintText, parseHint, parseTraceNote, traceNote } from './hint.js';

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

describe('a trace note', () => {
  const note = { roomId: 7, seq: 12, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };

  it('is read as it was written, and is no hint for who does not know it', () => {
    expect(parseTraceNote(traceNote(note))).toEqual(note);
    expect(parseHint(traceNote(note))).toBeUndefined();
  });

  it.each([
    '',
    'trace',
    'trace|7|12',
    'trace|7|12|',
    'trace|0|1|a',
    'trace|7|x|a',
    'trace|7|1|a|b',
    '7|12|e1||{',
  ])('is not %j', (text) => expect(parseTraceNote(text)).toBeUndefined());
});
