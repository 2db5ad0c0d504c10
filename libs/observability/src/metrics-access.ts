import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** Who may read `/metrics`. */
export interface MetricsAccess {
  /** Whoever shows it as a bearer token. */
  readonly token?: string | undefined;
  /** Also who asks from this machine, and not through a proxy. Not where a proxy may run beside the process. */
  readonly loopback: boolean;
}

const thisMachine = new BlockList();
thisMachine.addSubnet('127.0.0.0', 8, 'ipv4');
thisMachine.addAddress('::1', 'ipv6');

/** What proxies add: a request that has one came from elsewhere. */
const proxyHeaders = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'forwarded',
  'via',
];

/** Whether this request may read the metrics. */
export function mayReadMetrics(
  { token, loopback }: MetricsAccess,
  { raw }: Pick<FastifyRequest, 'raw'>,
): boolean {
  const { headers, socket } = raw;
  const shown = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (token !== undefined && shown !== undefined && sameText(shown, token)) return true;
  const address = socket.remoteAddress ?? '';
  const isHere = isIP(address) !== 0 && thisMachine.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return loopback && isHere && proxyHeaders.every((name) => headers[name] === undefined);
}

/** Compares in a time that tells nothing of the texts. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
