import * as ws from 'ws';

/** ws's own framing, which its types leave out. */
interface Framer {
  frame(
    data: Buffer,
    options: { fin: boolean; opcode: number; mask: boolean; rsv1: boolean; readOnly: boolean },
  ): Buffer[];
}
const { Sender } = ws as unknown as { Sender: Framer };

/**
 * A server-to-client text frame, ready to be written to the socket.
 *
 * @see RFC 6455, section 5.2; servers do not mask
 */
export function wsTextFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat(
    Sender.frame(payload, { fin: true, opcode: 1, mask: false, rsv1: false, readOnly: true }),
  );
}
