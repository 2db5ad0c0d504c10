import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import type { NoticeLog } from '../notice-log.js';

/** How many handshakes are under way. */
export interface Handshakes {
  /** Of this address's caller, without the one that asks. */
  readonly ofCaller: number;
  /** Of everybody, without the one that asks. */
  readonly all: number;
}

export interface HandshakeLimits {
  /** Whether one more may begin; otherwise its connection is cut off without a word. */
  readonly mayBegin: (underWay: Handshakes, caller: string) => boolean;
  /** Whom an address is counted as. */
  readonly callerOf: (address: string | undefined) => string;
}

export interface HandshakeRules extends HandshakeLimits {
  /** A handshake that came to nothing: why, as OpenSSL or Node.js calls it, and whose. */
  readonly onFailed: (code: string, caller: string) => void;
}

/** A client that resets is no news: whoever looks whether a port is open does so. */
const UNREMARKABLE = new Set(['ECONNRESET', 'EPIPE']);

/** Writes down each kind of failure once in ten minutes, with one of the callers who had it. */
export function failedHandshakes(notice: NoticeLog): HandshakeRules['onFailed'] {
  return (code, caller) => {
    if (!UNREMARKABLE.has(code)) notice('TLS handshake failed', code, { code, caller });
  };
}

/**
 * Bounds the connections of a server that have not ended their handshake: each holds some 50 kB, and is nobody's connection
 * yet for whoever counts those. One that fails is closed by Node.js; what it was is told to `onFailed`.
 */
export function limitHandshakes(server: Server, { mayBegin, callerOf, onFailed }: HandshakeRules): void {
  /** By the peer's address and port: a TLS socket does not say which connection it stands on. */
  const open = new Map<string, () => void>();
  const byCaller = new Map<string, number>();
  let all = 0;
  const endOf = (socket: Socket) => open.get(peerOf(socket))?.();

  server.on('connection', (socket: Socket) => {
    const caller = callerOf(socket.remoteAddress);
    const ofCaller = byCaller.get(caller) ?? 0;
    if (!mayBegin({ ofCaller, all }, caller)) return void socket.destroy();
    const peer = peerOf(socket);
    byCaller.set(caller, ofCaller + 1);
    all++;
    let isOver = false;
    const end = () => {
      if (isOver) return;
      isOver = true;
      all--;
      // A port may be in use again before the end of the connection that had it is told.
      if (open.get(peer) === end) open.delete(peer);
      const left = (byCaller.get(caller) ?? 1) - 1;
      if (left > 0) byCaller.set(caller, left);
      else byCaller.delete(caller);
    };
    open.set(peer, end);
    socket.once('close', end);
  });
  server.on('secureConnection', endOf);
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    onFailed(error.code ?? 'unknown', callerOf(socket.remoteAddress));
    endOf(socket);
    socket.destroy();
  });
}

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
