export { encodeFrame } from './encode-frame.js';
export { FrameDecoder, type FrameDecoderOptions } from './frame-decoder.js';
export { FrameError, type FrameErrorCode } from './frame-error.js';
export {
  HEADER_BYTES,
  LENGTH_OFFSET,
  MAX_DECLARABLE_BYTES,
  MAX_FRAME_BYTES,
  MAX_PAYLOAD_BYTES,
  PAYLOAD_OFFSET,
  VERSION_BYTE_0,
  VERSION_BYTE_1,
  VERSION_OFFSET,
} from './frame-format.js';
