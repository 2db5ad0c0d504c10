import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameError, HEADER_BYTES, MAX_FRAME_BYTES, MAX_PAYLOAD_BYTES } from './index.js';

describe('encodeFrame', () => {
  it.each([
    ['a', '7631000561'],
    ['{}', '763100067b7d'],
    ['你', '76310007e4bda0'],
  ])('writes %s', (payload, wire) => {
    expect(encodeFrame(payload).toString('hex')).toBe(wire);
    expect(encodeFrame(Buffer.from(payload)).toString('hex')).toBe(wire);
  });

  it('takes a payload up to the limit and refuses one byte more', () => {
    expect(HEADER_BYTES + MAX_PAYLOAD_BYTES).toBe(32_767);
    expect(encodeFrame('x'.repeat(MAX_PAYLOAD_BYTES)).subarray(0, 4).toString('hex')).toBe('76317fff');
    expect(encodeFrame(Buffer.alloc(MAX_PAYLOAD_BYTES))).toHaveLength(MAX_FRAME_BYTES);
    // Counted in bytes: 10,922 of these characters are 32,766 bytes of UTF-8.
    for (const payload of ['x'.repeat(MAX_PAYLOAD_BYTES + 1), '你'.repeat(10_922)]) {
      expect(() => encodeFrame(payload)).toThrow(expect.objectContaining({ code: 'FRAME_TOO_LARGE' }));
    }
  });

  it('refuses an empty payload, which the other side would take for an attack', () => {
    expect(() => encodeFrame('')).toThrow(FrameError);
    expect(() => encodeFrame(Buffer.alloc(0))).toThrow(expect.objectContaining({ code: 'FRAME_BAD_LENGTH' }));
  });
});
