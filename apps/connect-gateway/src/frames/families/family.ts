import type { ClientFrame, ClientFrameOf } from '@parley/protocol';
import type { Connection } from '../../connections/connection.js';

/** Opcodes that a client may send. */
export type ClientOp = ClientFrame['op'];

/** Does what a frame says. Rejects with the `AppError` that answers it. */
export type FrameHandler<O extends ClientOp> = (
  connection: Connection,
  frame: ClientFrameOf<O>,
) => Promise<void> | undefined;

/** Handlers of frames that belong together. */
export type FrameFamily<O extends ClientOp> = { readonly [P in O]: FrameHandler<P> };
