/**
 * What is wrong with a frame.
 *
 * - `FRAME_BAD_VERSION`: the stream does not have `v1` where a frame must start.
 * - `FRAME_BAD_LENGTH`: the total length is below the header's own size, or leaves no payload.
 * - `FRAME_TOO_LARGE`: the total length is above the limit.
 */
export type FrameErrorCode = 'FRAME_BAD_VERSION' | 'FRAME_BAD_LENGTH' | 'FRAME_TOO_LARGE';

/** The only error the codec throws for bad input. */
export class FrameError extends Error {
  override readonly name = 'FrameError';

  /**
   * @param code - Stable, safe to show to the peer.
   * @param message - For logs; holds sizes, never payload bytes.
   * @param frames - Payloads the same `push` completed before the violation, in wire order:
   *   they are valid and must be handled before the socket is closed. Empty when encoding, and
   *   on every push after the first failing one.
   */
  constructor(
    readonly code: FrameErrorCode,
    message: string,
    readonly frames: readonly Buffer[] = [],
  ) {
    super(message);
  }
}
