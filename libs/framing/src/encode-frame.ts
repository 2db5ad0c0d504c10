import { FrameError } from './frame-error.js';
import {
  HEADER_BYTES,
  LENGTH_OFFSET,
  MAX_FRAME_BYTES,
  PAYLOAD_OFFSET,
  VERSION_BYTE_0,
  VERSION_BYTE_1,
  VERSION_OFFSET,
} from './frame-format.js';

/**
 * Builds one frame: header and payload in one buffer, ready for one write.
 *
 * @param payload - A string is written as UTF-8. Must not be empty.
 * @returns A new buffer; the payload is copied.
 * @throws {FrameError} `FRAME_TOO_LARGE` when the frame would pass {@link MAX_FRAME_BYTES}
 *   (bytes, header included); `FRAME_BAD_LENGTH` for an empty payload, which no decoder accepts.
 */
export function encodeFrame(payload: Buffer | string): Buffer {
  const payloadBytes = Buffer.byteLength(payload);
  const frameBytes = HEADER_BYTES + payloadBytes;
  if (payloadBytes === 0) throw new FrameError('FRAME_BAD_LENGTH', 'a frame needs a payload');
  if (frameBytes > MAX_FRAME_BYTES) {
    throw new FrameError('FRAME_TOO_LARGE', `frame of ${frameBytes} bytes, limit ${MAX_FRAME_BYTES}`);
  }
  const frame = Buffer.allocUnsafe(frameBytes);
  frame[VERSION_OFFSET] = VERSION_BYTE_0;
  frame[VERSION_OFFSET + 1] = VERSION_BYTE_1;
  frame.writeUInt16BE(frameBytes, LENGTH_OFFSET);
  if (typeof payload === 'string') frame.write(payload, PAYLOAD_OFFSET);
  else payload.copy(frame, PAYLOAD_OFFSET);
  return frame;
}
