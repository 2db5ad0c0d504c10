import { describe, expect, it } from 'vitest';
import { dispatchEntrySchema, messageBody, messageJson } from './stream-entries.js';

describe('messageBody and messageJson', () => {
  it.each([
    'plain',
    '"quoted" \\ and }',
    'line\nbreak\r\n\u2028',
    '👍 ж \u0000',
    '{"seq":1,"epoch":"x"}',
    '',
  ])('round trip %j', (msg) => {
    const message = { code: 0, op: 3, msg, sentAt: 1 };
    const json = messageJson({ body: messageBody(message), seq: 7, epoch: 'e-1' });
    expect(JSON.parse(json)).toEqual({ ...message, seq: 7, epoch: 'e-1' });
    expect(json).not.toContain('\n');
  });
});

describe('dispatchEntrySchema', () => {
  const entry = { roomId: 1, seq: 1, epoch: 'e', body: '{"code":0' };
  it('takes what the accept script writes', () => {
    expect(dispatchEntrySchema.parse({ ...entry, recipients: [1, 2] })).toEqual({
      ...entry,
      recipients: [1, 2],
    });
    expect(dispatchEntrySchema.parse(entry)).toEqual(entry);
  });
  it.each([{ roomId: NaN }, { seq: 0 }, { epoch: '' }, { body: 'x' }, { recipients: [NaN] }])(
    'refuses %j',
    (bad) => expect(dispatchEntrySchema.safeParse({ ...entry, ...bad }).success).toBe(false),
  );
});
