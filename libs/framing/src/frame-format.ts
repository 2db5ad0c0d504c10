/** First header byte of every frame: `v`. */
export const VERSION_BYTE_0 = 0x76;
/** Second header byte of every frame: `1`. */
export const VERSION_BYTE_1 = 0x31;

/** Width of each header field, in bytes. */
const VERSION_BYTES = 2;
const LENGTH_BYTES = 2;

/** Where the version starts in a frame, in bytes. */
export const VERSION_OFFSET = 0;
/** Where the big-endian uint16 total length starts in a frame, in bytes. */
export const LENGTH_OFFSET = VERSION_OFFSET + VERSION_BYTES;
/** Where the payload starts in a frame, in bytes. */
export const PAYLOAD_OFFSET = LENGTH_OFFSET + LENGTH_BYTES;
/** Header size, in bytes. The length field counts these too. */
export const HEADER_BYTES = PAYLOAD_OFFSET;
/**
 * Largest frame, header included, in bytes: 2^15 - 1, because gochat's clients read the
 * length as a signed 16-bit number and would take anything above for a negative one.
 */
export const MAX_FRAME_BYTES = 32_767;
/** Largest payload that fits {@link MAX_FRAME_BYTES}, in bytes. */
export const MAX_PAYLOAD_BYTES = MAX_FRAME_BYTES - HEADER_BYTES;
/** What the length field can express, in bytes; the ceiling of a decoder's `maxFrameBytes`. */
export const MAX_DECLARABLE_BYTES = 0xffff;
