import { Op } from '@parley/protocol';
import { indexIn, post, type Seen, type Wire } from './wire.js';

/** Whether `"seq":` ends here. To its colon: an epoch is letters by chance, and one that began with `seq` was read as 0. */
const isKeyEnd = (bytes: Buffer, at: number): boolean =>
  bytes[at] === 0x3a &&
  bytes[at - 1] === 0x22 &&
  bytes[at - 2] === 0x71 &&
  bytes[at - 3] === 0x65 &&
  bytes[at - 4] === 0x73 &&
  bytes[at - 5] === 0x22;

/** Reads N of a frame that ends with `"seq":N,"epoch":"…"}`, from its end; 0 when there is none. */
function seqIn(bytes: Buffer, start: number, end: number): number {
  for (let at = end - 1; at > start + 5; at--) {
    if (!isKeyEnd(bytes, at)) continue;
    let seq = 0;
    for (let digit = at + 1; (bytes[digit] as number) >= 0x30 && (bytes[digit] as number) <= 0x39; digit++)
      seq = seq * 10 + (bytes[digit] as number) - 0x30;
    return seq;
  }
  return 0;
}

/** A clientMsgId that says which send it is: UUIDv7 of this moment, RFC 9562, with the index where chance would be. */
function idOf(index: number): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${index.toString(16).padStart(12, '0')}`;
}

const indexOfId = (id: string): number => parseInt(id.slice(-12), 16);

interface Frame {
  readonly op: number;
  readonly code?: string;
  readonly clientMsgId?: string;
}

export const parleyWire: Wire = {
  path: '/ws',
  join: (authToken, roomId) => JSON.stringify({ op: Op.join, authToken, roomId }),
  pong: JSON.stringify({ op: Op.pong }),
  read(bytes, start, end, into) {
    const index = indexIn(bytes, start, end);
    if (index >= 0) {
      into.kind = 'message';
      into.index = index;
      into.seq = seqIn(bytes, start, end);
      return;
    }
    readControl(JSON.parse(bytes.toString('utf8', start, end)) as Frame, into);
  },
  publish: (roomId, index, text) =>
    JSON.stringify({ op: Op.room, roomId, msg: text, clientMsgId: idOf(index) }),
  request: (host, token, roomId, index, msg) =>
    post(
      host,
      `/v1/rooms/${roomId}/messages`,
      { authorization: `Bearer ${token}`, 'idempotency-key': idOf(index) },
      JSON.stringify({ msg }),
    ),
};

const kinds = new Map<number, Seen['kind']>([
  [Op.joined, 'joined'],
  [Op.ack, 'ack'],
  [Op.error, 'refused'],
  [Op.ping, 'ping'],
  [Op.resync, 'resync'],
]);

function readControl({ op, code, clientMsgId }: Frame, into: Seen): void {
  into.kind = kinds.get(op) ?? 'other';
  into.code = code ?? '';
  into.index = clientMsgId === undefined ? -1 : indexOfId(clientMsgId);
}
