import type { FastifyRequest } from 'fastify';
import type { TLSSocket } from 'node:tls';

/**
 * Whether a request came over TLS, to this server or to the proxy in front of it. Whoever makes that header up is told to use
 * TLS, and nobody else is: good for headers, and for nothing that is to be kept from somebody.
 *
 * @see RFC 6797, section 7.2: without TLS a server must not ask for it
 */
export function cameOverTls({ raw, headers }: Pick<FastifyRequest, 'raw' | 'headers'>): boolean {
  return (raw.socket as Partial<TLSSocket>).encrypted === true || headers['x-forwarded-proto'] === 'https';
}
