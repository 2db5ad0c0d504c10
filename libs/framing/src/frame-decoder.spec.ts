import { fuzzSeed } from '@parley/testing';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { encodeFrame, FrameDecoder, FrameError, HEADER_BYTES, MAX_FRAME_BYTES } from './index.js';

const seed = fuzzSeed();
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const texts = (payloads: readonly Buffer[]): string[] => payloads.map((payload) => payload.toString());

function failureOf(push: () => unknown): FrameError {
  try {
    push();
  } catch (error) {
    if (error instanceof FrameError) return error;
    throw error;
  }
  throw new Error('expected a FrameError');
}

describe('FrameDecoder', () => {
  it.each([
    ['one byte', '7631 0005 61', ['a']],
    ['two frames', '7631 0006 6869 7631 0005 21', ['hi', '!']],
    ['multi-byte UTF-8', '7631 0007 e4bda0', ['你']],
    ['a payload that looks like a header', '7631 0008 76310005', ['v1\u0000\u0005']],
    ['nothing', '', []],
    ['an unfinished frame', '7631 0006 68', []],
  ])('decodes %s', (_name, wire, expected) => {
    expect(texts(new FrameDecoder().push(hex(wire)))).toEqual(expected);
  });

  it('gives the same payloads at every split point, and one byte at a time', () => {
    const sent = ['{"op":1}', 'x'.repeat(700), '你好'];
    const wire = Buffer.concat(sent.map((payload) => encodeFrame(payload)));
    for (let split = 0; split <= wire.length; split++) {
      const decoder = new FrameDecoder();
      const got = [...decoder.push(wire.subarray(0, split)), ...decoder.push(wire.subarray(split))];
      expect(texts(got)).toEqual(sent);
    }
    const decoder = new FrameDecoder();
    expect(texts([...wire].flatMap((byte) => decoder.push(Buffer.from([byte]))))).toEqual(sent);
    expect(decoder.retainedBytes).toBe(0);
  });

  it('accepts the largest frame, one byte at a time, holding no more than that', () => {
    const payload = Buffer.alloc(MAX_FRAME_BYTES - HEADER_BYTES, 'z');
    const decoder = new FrameDecoder();
    const got: Buffer[] = [];
    for (const byte of encodeFrame(payload)) {
      got.push(...decoder.push(Buffer.from([byte])));
      expect(decoder.retainedBytes).toBeLessThanOrEqual(payload.length);
    }
    expect(got).toHaveLength(1);
    expect(got[0]?.equals(payload)).toBe(true);
  });

  it('gives a payload that came in one piece as it came, and copies one that came in pieces a few times', () => {
    const allocated = vi.spyOn(Buffer, 'allocUnsafeSlow');
    onTestFinished(() => allocated.mockRestore());
    const whole = encodeFrame('hi');
    const [payload] = new FrameDecoder().push(whole);
    expect([payload?.buffer === whole.buffer, allocated.mock.calls]).toEqual([true, []]);
    const decoder = new FrameDecoder();
    for (const byte of encodeFrame('z'.repeat(MAX_FRAME_BYTES - HEADER_BYTES)))
      decoder.push(Buffer.from([byte]));
    const sizes = [512, 1_024, 2_048, 4_096, 8_192, 16_384, MAX_FRAME_BYTES - HEADER_BYTES];
    expect(allocated.mock.calls.flat()).toEqual(sizes);
  });

  it('does not reserve what a header merely promises', () => {
    const decoder = new FrameDecoder();
    decoder.push(hex('7631 7fff 61'));
    expect(decoder.retainedBytes).toBeLessThanOrEqual(512);
  });

  it('survives the caller reusing a chunk that held an unfinished payload', () => {
    const decoder = new FrameDecoder();
    const chunk = hex('7631 0006 68');
    decoder.push(chunk);
    chunk.fill(0);
    expect(texts(decoder.push(hex('69')))).toEqual(['hi']);
  });

  it.each([
    // gochat read the length as int16 and sliced with length - 4: each of the next five paniced
    // the server before anybody had logged in.
    ['length zero', '7631 0000', 'FRAME_BAD_LENGTH'],
    ['length shorter than the header', '7631 0003', 'FRAME_BAD_LENGTH'],
    ['length of the header alone', '7631 0004', 'FRAME_BAD_LENGTH'],
    ['length -1 as int16', '7631 ffff', 'FRAME_TOO_LARGE'],
    ['length -32768 as int16', '7631 8000', 'FRAME_TOO_LARGE'],
    ['a wrong first byte, at once', '00', 'FRAME_BAD_VERSION'],
    ['a wrong second byte, at once', '7632', 'FRAME_BAD_VERSION'],
    ['a hopeless high length byte, at once', '7631 80', 'FRAME_TOO_LARGE'],
    ['text from another protocol', '474554202f', 'FRAME_BAD_VERSION'],
  ])('refuses %s', (_name, wire, code) => {
    expect(failureOf(() => new FrameDecoder().push(hex(wire))).code).toBe(code);
    const decoder = new FrameDecoder();
    expect(failureOf(() => [...hex(wire)].map((byte) => decoder.push(Buffer.from([byte])))).code).toBe(code);
  });

  it.each([
    ['7632', 'header byte 1 is 50, expected 49'],
    ['00', 'header byte 0 is 0, expected 118'],
    ['7631 0004', 'declared length 4 leaves no payload'],
    ['7631 8001', 'declared length 32768 or more, limit 32767'],
  ])('says what is wrong with %s', (wire, says) => {
    expect(String(failureOf(() => new FrameDecoder().push(hex(wire))))).toBe(`FrameError: ${says}`);
  });

  it('applies maxFrameBytes on both sides of the bound', () => {
    expect(texts(new FrameDecoder({ maxFrameBytes: 6 }).push(hex('7631 0006 6869')))).toEqual(['hi']);
    const failure = failureOf(() => new FrameDecoder({ maxFrameBytes: 6 }).push(hex('7631 0007')));
    expect(failure.code).toBe('FRAME_TOO_LARGE');
    for (const maxFrameBytes of [5, 65_535]) {
      expect(() => new FrameDecoder({ maxFrameBytes })).not.toThrow();
    }
    for (const maxFrameBytes of [0, 4, 5.5, 65_536, NaN]) {
      expect(() => new FrameDecoder({ maxFrameBytes })).toThrow(RangeError);
    }
  });

  it('hands over frames completed before the bad one, once, and stays failed', () => {
    const decoder = new FrameDecoder();
    decoder.push(hex('7631 0006 68'));
    const first = failureOf(() => decoder.push(hex('69 7631 0005 21 7631 0000')));
    expect(texts(first.frames)).toEqual(['hi', '!']);
    const second = failureOf(() => decoder.push(encodeFrame('fine')));
    expect([second.code, second.message, second.frames]).toEqual([first.code, first.message, []]);
    expect(decoder.retainedBytes).toBe(0);
  });

  it('round-trips 10,000 times any payloads under any splits', () => {
    const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 6 });
    const cuts = fc.array(fc.nat(1_800), { maxLength: 12 });
    fc.assert(
      fc.property(payloads, cuts, (sent, at) => {
        const wire = Buffer.concat(sent.map((payload) => encodeFrame(Buffer.from(payload))));
        const edges = [0, ...at.filter((cut) => cut < wire.length).sort((a, b) => a - b), wire.length];
        const decoder = new FrameDecoder();
        const got = edges.slice(1).flatMap((end, i) => decoder.push(wire.subarray(edges[i], end)));
        expect(got.map((payload) => payload.toString('hex'))).toEqual(
          sent.map((payload) => Buffer.from(payload).toString('hex')),
        );
        expect(decoder.retainedBytes).toBe(0);
      }),
      { numRuns: 10_000, seed },
    );
  });

  it('meets 12,000 random byte streams with FrameError only, in bounded memory', () => {
    const maxFrameBytes = 4_096;
    // Half of them start like a frame: pure noise would rarely get past the version.
    const header = fc.tuple(fc.integer({ min: 0, max: 0xffff }), fc.uint8Array({ maxLength: 300 }));
    const almost = fc
      .array(header, { minLength: 1, maxLength: 6 })
      .map((parts) => parts.flatMap(([length, body]) => [0x76, 0x31, length >> 8, length & 0xff, ...body]));
    const valid = fc
      .uint8Array({ minLength: 1, maxLength: 60 })
      .map((body) => [...encodeFrame(Buffer.from(body))]);
    const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => [...bytes]);
    const stream = fc.oneof(
      noise,
      almost,
      fc.tuple(valid, fc.oneof(noise, almost)).map((two) => two.flat()),
    );
    const seen = new Set<string>();
    fc.assert(
      fc.property(stream, fc.integer({ min: 1, max: 64 }), (bytes, chunkBytes) => {
        const decoder = new FrameDecoder({ maxFrameBytes });
        const wire = Buffer.from(bytes);
        let payloadBytes = 0;
        for (let at = 0; at < wire.length; at += chunkBytes) {
          try {
            for (const payload of decoder.push(wire.subarray(at, at + chunkBytes))) {
              if (payload.length === 0 || payload.length > maxFrameBytes)
                throw new Error('payload out of bounds');
              payloadBytes += payload.length;
            }
          } catch (error) {
            if (!(error instanceof FrameError)) throw error;
            seen.add(error.code);
          }
          if (decoder.retainedBytes > maxFrameBytes) throw new Error('retains too much');
        }
        return payloadBytes <= wire.length;
      }),
      { numRuns: 12_000, seed },
    );
    expect([...seen].sort()).toEqual(['FRAME_BAD_LENGTH', 'FRAME_BAD_VERSION', 'FRAME_TOO_LARGE']);
  });
});
