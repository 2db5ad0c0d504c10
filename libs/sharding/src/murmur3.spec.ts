import { describe, expect, it } from 'vitest';
import { murmurHash32, murmurMix32 } from './index.js';
import { murmurHash32OfBytes } from './murmur3.js';

describe('murmurHash32', () => {
  // Published vectors of MurmurHash3_x86_32; the byte ones cover each tail length.
  it.each([
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['hello', 0, 0x248bfa47],
    ['hello, world', 0, 0x149bbb7f],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
    ['Hello, world!', 0x9747b28c, 0x24884cba],
    ['ππππππππ', 0x9747b28c, 0xd58063c1],
  ])('%j, seed %i', (text, seed, expected) => {
    expect(murmurHash32(text, seed)).toBe(expected);
  });

  it.each([
    ['ffffffff', 0, 0x76293b50],
    ['21436587', 0, 0xf55b516b],
    ['21436587', 0x5082edee, 0x2362f9de],
    ['214365', 0, 0x7e4a8634],
    ['2143', 0, 0xa0f7b07a],
    ['21', 0, 0x72661cf4],
    ['00000000', 0, 0x2362f9de],
    ['000000', 0, 0x85f0b427],
    ['0000', 0, 0x30f4c306],
    ['00', 0, 0x514e28b7],
  ])('bytes %s, seed %i', (hex, seed, expected) => {
    expect(murmurHash32OfBytes(Buffer.from(hex, 'hex'), seed)).toBe(expected);
  });
});

describe('murmurMix32', () => {
  it.each([
    [0, 0],
    [1, 0x514e28b7],
    [0xffffffff, 0x81f16f39],
  ])('%i', (word, expected) => {
    expect(murmurMix32(word)).toBe(expected);
  });

  it('flips about half of the output bits for any one input bit', () => {
    for (let bit = 0; bit < 32; bit++) {
      let flipped = 0;
      for (let word = 0; word < 500; word++) {
        let difference = murmurMix32(word) ^ murmurMix32((word ^ (1 << bit)) >>> 0);
        for (; difference !== 0; difference &= difference - 1) flipped++;
      }
      expect(flipped / (500 * 32)).toBeGreaterThan(0.45);
      expect(flipped / (500 * 32)).toBeLessThan(0.55);
    }
  });
});
