import { describe, expect, it } from 'vitest';
import { encodedFrame, encodedMessage, MAX_WRITE_BYTES, takeWrite } from './encoded-message.js';

const ofBytes = (seq: number, bytes: number) => ({ ...encodedFrame('x'.repeat(bytes)), seq });
const seqs = (messages: readonly { seq: number }[]) => messages.map(({ seq }) => seq);

describe('a message', () => {
  it('is its body with its place in the room, and as long as that is in UTF-8', () => {
    const message = encodedMessage({ body: '{"msg":"é😀"', seq: 3, epoch: 'e1' });
    expect(message).toEqual({ seq: 3, epoch: 'e1', text: '{"msg":"é😀","seq":3,"epoch":"e1"}', bytes: 37 });
  });

  it('that has no place in a room has no number', () => {
    expect(encodedFrame('{"op":"é"}')).toEqual({ seq: 0, epoch: '', text: '{"op":"é"}', bytes: 11 });
  });
});

describe('one write', () => {
  it('takes messages from the front until it has 64 KiB', () => {
    const messages = [1, 2, 3, 4].map((seq) => ofBytes(seq, MAX_WRITE_BYTES / 2));
    expect(seqs(takeWrite(messages))).toEqual([1, 2]);
    expect(seqs(messages)).toEqual([3, 4]);
    const short = [ofBytes(1, MAX_WRITE_BYTES - 1), ofBytes(2, 1), ofBytes(3, 1)];
    expect(seqs(takeWrite(short))).toEqual([1, 2]);
  });

  it('takes one message, however long, and none of none', () => {
    const messages = [ofBytes(1, 2 * MAX_WRITE_BYTES), ofBytes(2, 1)];
    expect(seqs(takeWrite(messages))).toEqual([1]);
    expect(seqs(takeWrite(messages))).toEqual([2]);
    expect(takeWrite(messages)).toEqual([]);
  });
});
