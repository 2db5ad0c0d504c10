/** Called with a text frame in place: the bytes are overwritten after it returns. */
export type OnFrame = (bytes: Buffer, start: number, end: number) => void;

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/**
 * Splits what a server sends into WebSocket frames, RFC 6455 section 5.2: unmasked, unfragmented, uncompressed, which is all that
 * the servers under test send. Copies only a frame that two reads have a part of.
 */
export class FrameReader {
  private rest: Buffer | undefined;

  constructor(
    private readonly onText: OnFrame,
    private readonly onClose: (code: number) => void,
    /** @param bytes - What the pong has to carry; overwritten after it returns. */
    private readonly onPing: (bytes: Buffer) => void,
  ) {}

  push(bytes: Buffer): void {
    const all = this.rest ? Buffer.concat([this.rest, bytes]) : bytes;
    const taken = this.frames(all);
    this.rest = taken < all.length ? Buffer.from(all.subarray(taken)) : undefined;
  }

  /** Reads all whole frames; how many bytes they had. */
  private frames(bytes: Buffer): number {
    let at = 0;
    for (;;) {
      if (bytes.length - at < 2) return at;
      let length = (bytes[at + 1] as number) & 0x7f;
      let start = at + 2;
      if (length === 126) {
        if (bytes.length - at < 4) return at;
        length = bytes.readUInt16BE(at + 2);
        start = at + 4;
      } else if (length === 127) {
        if (bytes.length - at < 10) return at;
        length = Number(bytes.readBigUInt64BE(at + 2));
        start = at + 10;
      }
      if (bytes.length - start < length) return at;
      const opcode = (bytes[at] as number) & 0x0f;
      if (opcode === TEXT) this.onText(bytes, start, start + length);
      else if (opcode === PING) this.onPing(bytes.subarray(start, start + length));
      else if (opcode === CLOSE) this.onClose(length >= 2 ? bytes.readUInt16BE(start) : 1005);
      at = start + length;
    }
  }
}

/** A text frame as clients send it. */
export function textFrame(text: string): Buffer {
  return clientFrame(TEXT, Buffer.from(text));
}

/** The answer to a ping. @param payload - What the ping carried, at most 125 bytes. */
export function pongFrame(payload: Buffer): Buffer {
  return clientFrame(PONG, payload);
}

/** RFC 6455 wants a mask of clients, and a mask of zeros costs nothing. */
function clientFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const header = length < 126 ? 6 : 8;
  if (length > 0xffff) throw new Error('a frame of the load generator is never so long');
  const frame = Buffer.alloc(header + length);
  frame[0] = 0x80 | opcode;
  if (length < 126) frame[1] = 0x80 | length;
  else {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(length, 2);
  }
  payload.copy(frame, header);
  return frame;
}
