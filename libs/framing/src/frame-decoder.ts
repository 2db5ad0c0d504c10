import { FrameError, type FrameErrorCode } from './frame-error.js';
import {
  HEADER_BYTES,
  LENGTH_OFFSET,
  MAX_DECLARABLE_BYTES,
  MAX_FRAME_BYTES,
  VERSION_BYTE_0,
  VERSION_BYTE_1,
  VERSION_OFFSET,
} from './frame-format.js';

/** Options of {@link FrameDecoder}. */
export interface FrameDecoderOptions {
  /**
   * Largest accepted frame, header included, in bytes; 5 to 65,535.
   * @defaultValue {@link MAX_FRAME_BYTES}
   */
  maxFrameBytes?: number;
}

/** First allocation for a payload that did not arrive whole, in bytes. Chosen by judgement: most chat frames fit. */
const INITIAL_PARTIAL_BYTES = 512;

/**
 * Turns the bytes of one TCP stream into frame payloads. One decoder per connection.
 *
 * A payload that lies whole in one chunk is returned as a view of it. A payload that is cut is
 * copied into one buffer that doubles up to the declared size: linear work even at one byte per
 * call, and neither a header that promises much nor a large chunk with a small tail keeps memory.
 */
export class FrameDecoder {
  readonly #maxFrameBytes: number;
  /** Header bytes of the current frame seen so far, 0 to {@link HEADER_BYTES}. */
  #headerBytesRead = 0;
  /** The declared total length; complete once the header is. */
  #declaredBytes = 0;
  #partial: Buffer | undefined;
  #partialBytes = 0;
  #failure: { code: FrameErrorCode; message: string } | undefined;

  /** @throws {RangeError} when `maxFrameBytes` is no integer in its range. */
  constructor({ maxFrameBytes = MAX_FRAME_BYTES }: FrameDecoderOptions = {}) {
    if (
      !Number.isInteger(maxFrameBytes) ||
      maxFrameBytes <= HEADER_BYTES ||
      maxFrameBytes > MAX_DECLARABLE_BYTES
    ) {
      throw new RangeError(
        `maxFrameBytes must be an integer from ${HEADER_BYTES + 1} to ${MAX_DECLARABLE_BYTES}`,
      );
    }
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Memory held for an unfinished payload, in bytes: 0 between frames, never above `maxFrameBytes`. */
  get retainedBytes(): number {
    return this.#partial?.length ?? 0;
  }

  /**
   * Feeds bytes read from a socket and returns the payload of every frame they complete.
   *
   * Any split of the byte stream is accepted, down to one byte per call.
   *
   * @param chunk - Bytes in arrival order. Returned payloads may be views of it: do not reuse the buffer.
   * @returns Payloads in wire order; empty while a frame is incomplete.
   * @throws {FrameError} As soon as header bytes show a violation: `FRAME_BAD_VERSION`,
   *   `FRAME_BAD_LENGTH` or `FRAME_TOO_LARGE`. `error.frames` holds what this chunk completed before;
   *   handle those, then close the socket. Every later push throws the same code, without frames.
   */
  push(chunk: Buffer): Buffer[] {
    if (this.#failure) throw new FrameError(this.#failure.code, this.#failure.message);
    const payloads: Buffer[] = [];
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#headerBytesRead < HEADER_BYTES) {
        const failure = this.#readHeaderByte(chunk[offset++] as number);
        if (failure) {
          this.#failure = failure;
          this.#partial = undefined;
          throw new FrameError(failure.code, failure.message, payloads);
        }
        continue;
      }
      const wantedBytes = this.#declaredBytes - HEADER_BYTES - this.#partialBytes;
      const takenBytes = Math.min(wantedBytes, chunk.length - offset);
      const part = chunk.subarray(offset, offset + takenBytes);
      offset += takenBytes;
      if (takenBytes < wantedBytes) {
        this.#retain(part);
      } else {
        payloads.push(this.#complete(part));
      }
    }
    return payloads;
  }

  /** Takes the next header byte; returns the violation it reveals, if any. */
  #readHeaderByte(byte: number): { code: FrameErrorCode; message: string } | undefined {
    const position = this.#headerBytesRead++;
    switch (position) {
      case VERSION_OFFSET:
      case VERSION_OFFSET + 1: {
        const expected = position === VERSION_OFFSET ? VERSION_BYTE_0 : VERSION_BYTE_1;
        if (byte === expected) return undefined;
        return {
          code: 'FRAME_BAD_VERSION',
          message: `header byte ${position} is ${byte}, expected ${expected}`,
        };
      }
      case LENGTH_OFFSET:
        this.#declaredBytes = byte << 8;
        // The high byte alone may already pass the limit; the low byte only adds to it.
        return this.#tooLarge();
      default:
        this.#declaredBytes += byte;
        if (this.#declaredBytes <= HEADER_BYTES) {
          return {
            code: 'FRAME_BAD_LENGTH',
            message: `declared length ${this.#declaredBytes} leaves no payload`,
          };
        }
        return this.#tooLarge();
    }
  }

  #tooLarge(): { code: FrameErrorCode; message: string } | undefined {
    if (this.#declaredBytes <= this.#maxFrameBytes) return undefined;
    return {
      code: 'FRAME_TOO_LARGE',
      message: `declared length ${this.#declaredBytes} or more, limit ${this.#maxFrameBytes}`,
    };
  }

  /** Copies part of an unfinished payload. Relies on part + retained being less than the payload. */
  #retain(part: Buffer): void {
    const neededBytes = this.#partialBytes + part.length;
    if (!this.#partial || this.#partial.length < neededBytes) {
      const payloadBytes = this.#declaredBytes - HEADER_BYTES;
      const doubledBytes = Math.max(INITIAL_PARTIAL_BYTES, neededBytes, (this.#partial?.length ?? 0) * 2);
      const grown = Buffer.allocUnsafeSlow(Math.min(doubledBytes, payloadBytes));
      this.#partial?.copy(grown, 0, 0, this.#partialBytes);
      this.#partial = grown;
    }
    part.copy(this.#partial, this.#partialBytes);
    this.#partialBytes = neededBytes;
  }

  /** Ends the current frame with its last part and makes ready for the next header. */
  #complete(lastPart: Buffer): Buffer {
    let payload = lastPart;
    if (this.#partial) {
      this.#retain(lastPart);
      payload = this.#partial.subarray(0, this.#partialBytes);
    }
    this.#partial = undefined;
    this.#partialBytes = 0;
    this.#headerBytesRead = 0;
    return payload;
  }
}
