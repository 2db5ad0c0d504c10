/**
 * MurmurHash3's 32-bit finalizer: a bijection on 32-bit numbers in which every input bit
 * flips each output bit with probability close to one half. Maps 0 to 0.
 *
 * @param word - Taken modulo 2^32.
 * @returns An unsigned 32-bit integer.
 * @see Austin Appleby, MurmurHash3 (public domain), `fmix32`
 */
export function murmurMix32(word: number): number {
  let h = word >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const utf8 = new TextEncoder();

/** {@link murmurHash32} of bytes instead of text. */
export function murmurHash32OfBytes(bytes: Uint8Array, seed = 0): number {
  let h = seed >>> 0;
  const wholeBytes = bytes.length & ~3;
  for (let at = 0; at < wholeBytes; at += 4) {
    h ^= scramble(
      byteAt(bytes, at) |
        (byteAt(bytes, at + 1) << 8) |
        (byteAt(bytes, at + 2) << 16) |
        (byteAt(bytes, at + 3) << 24),
    );
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
  }
  // The 0 to 3 bytes left are one little-endian word, without the rotation of whole words.
  const tail =
    byteAt(bytes, wholeBytes) | (byteAt(bytes, wholeBytes + 1) << 8) | (byteAt(bytes, wholeBytes + 2) << 16);
  if (wholeBytes < bytes.length) h ^= scramble(tail);
  return murmurMix32(h ^ bytes.length);
}

/**
 * MurmurHash3_x86_32 of a string's UTF-8 bytes.
 *
 * @param text - May be empty.
 * @param seed - Taken modulo 2^32; another seed gives another, independent hash.
 * @returns An unsigned 32-bit integer. Not a secret hash: whoever chooses the text can choose the result.
 * @see Austin Appleby, MurmurHash3 (public domain)
 */
export function murmurHash32(text: string, seed = 0): number {
  return murmurHash32OfBytes(utf8.encode(text), seed);
}

function scramble(word: number): number {
  const k = Math.imul(word, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}

/** Past the end reads as 0, which is what the tail of the algorithm wants. */
function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}
