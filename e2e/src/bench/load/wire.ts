/** What one received frame is to the load generator. Reused for every frame: read it at once. */
export interface Seen {
  kind: 'message' | 'welcome' | 'joined' | 'ack' | 'refused' | 'ping' | 'resync' | 'other';
  /** Of a message or an answer: which send it was, counted from 0. */
  index: number;
  /** Of a message: its number in the room; 0 where there are none. */
  seq: number;
  /** Of a refusal: its code. */
  code: string;
}

/** How one contestant talks: its frames and its requests. */
export interface Wire {
  /** Path and query of the WebSocket upgrade. */
  readonly path: string;
  /** What is sent first and answered with a welcome; undefined where a connection may join at once. */
  readonly hello?: string;
  join(token: string, roomId: number): string;
  /** Reads a frame in place. */
  read(bytes: Buffer, start: number, end: number, into: Seen): void;
  /** The answer to a ping of the server. */
  readonly pong: string;
  /** A send over WebSocket; undefined where a contestant takes none. */
  publish?(roomId: number, index: number, text: string): string;
  /** A send over HTTP: headers and body. */
  request(host: string, token: string, roomId: number, index: number, text: string): string;
}

const MARK = 0x7e;

/** A text of about a hundred bytes that says which send it is. */
export const textOf = (index: number): string => `~${index}~`.padEnd(100, 'x');

/** Reads which send a text is, wherever in the frame it stands; -1 when it is none of ours. */
export function indexIn(bytes: Buffer, start: number, end: number): number {
  let at = bytes.indexOf(MARK, start);
  if (at < 0 || at >= end) return -1;
  let index = 0;
  for (at++; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === MARK) return index;
    index = index * 10 + byte - 0x30;
  }
  return -1;
}

/** A request with a JSON body on a connection that stays. */
export function post(
  host: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return (
    `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n` +
    `${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}
