import { createServer, STATUS_CODES, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { limitHandshakes, type HandshakeRules } from './tls/handshakes.js';
import type { ServerIdentity } from './tls/server-identity.js';

/** A peer that takes neither the answer nor the end gets this long, milliseconds. */
const CLOSE_WITHIN_MS = 2_000;

/**
 * An HTTP server whose sockets all have an error listener before anything of them is read. Node takes its own away from
 * a socket that it hands out (upgrade, CONNECT): a reset would end the process. CONNECT is answered, with a refusal.
 *
 * @param tls - With it, it speaks HTTPS. Its type says HTTP all the same: what is used of the two is the same.
 */
export function guardedServer(options: ServerOptions, handler: RequestListener, tls?: TlsSide): Server {
  const server = tls ? secureServer(options, handler, tls) : createServer(options, handler);
  const ignoreErrors = (socket: Duplex) => socket.on('error', () => undefined);
  server.on('connection', ignoreErrors).on('secureConnection', ignoreErrors);
  server.on('connect', (_request, socket: Duplex) =>
    answerAndClose(socket, 405, { Allow: 'GET, HEAD, POST' }),
  );
  return server;
}

/** What makes an HTTP server one for HTTPS. */
export interface TlsSide {
  readonly identity: ServerIdentity;
  readonly handshakes: HandshakeRules;
}

function secureServer(options: ServerOptions, handler: RequestListener, tls: TlsSide): Server {
  const server = createTlsServer({ ...options, ...tls.identity.options }, handler);
  tls.identity.renewOn(server);
  limitHandshakes(server, tls.handshakes);
  return server as unknown as Server;
}

/**
 * Answers on a socket that is no longer the HTTP server's, and ends it. What still comes is read and dropped, so that
 * the answer is not lost in a reset; a peer that does not take it is cut off.
 *
 * @param headers - Beside those that every such answer has.
 */
export function answerAndClose(
  socket: Duplex,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  const reason = STATUS_CODES[status] ?? '';
  const body = `${reason}\n`;
  const lines = Object.entries({
    Connection: 'close',
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const cutOff = setTimeout(() => socket.destroy(), CLOSE_WITHIN_MS).unref();
  socket.once('close', () => clearTimeout(cutOff));
  const whenBothHaveEnded = () => {
    if (socket.readableEnded && socket.writableFinished) socket.destroy();
  };
  socket.once('end', whenBothHaveEnded);
  socket.end(`HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n${body}`, whenBothHaveEnded);
  socket.resume();
}

/**
 * For `localhost` Fastify listens on a second address with a second server, and passes its upgrades to the first one.
 * An app that takes none would never see the socket again.
 */
export function refuseToHandOver([first, ...others]: readonly Server[]): void {
  if (first && first.listenerCount('upgrade') > 0) return;
  for (const server of others) server.removeAllListeners('upgrade');
}
