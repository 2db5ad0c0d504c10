import type { IncomingMessage } from 'node:http';

/** Which upgrades are taken. */
export interface UpgradeRules {
  /** The one path, as it stands in the request. */
  readonly path: string;
  /** Whether a browser page of this origin may connect; clients that are no browsers send none. */
  readonly isOriginAllowed: (origin: string) => boolean;
}

/** A plain HTTP answer instead of an upgrade. */
export interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** 16 random bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;
/** A name, an IPv4 address or an IPv6 address in brackets, and perhaps a port. @see RFC 3986, section 3.2 */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::\d{0,5})?$/i;
const VERSION = '13';

/** Whether an upgrade is to WebSocket at all; others (h2c) may be ignored, and the request answered over HTTP. */
export function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return (headers.upgrade ?? '').split(',').some((name) => name.trim().toLowerCase() === 'websocket');
}

/**
 * Why an upgrade to WebSocket is refused; undefined when it is not. Nothing in it is taken on trust: it is a stranger's.
 *
 * @see RFC 6455, section 4.2
 */
export function refusalOf(request: IncomingMessage, rules: UpgradeRules): Refusal | undefined {
  const { headers, headersDistinct, method } = request;
  const hosts = headersDistinct['host'] ?? [];
  if (request.httpVersion !== '1.1' || hosts.length !== 1 || !HOST.test(hosts[0] ?? ''))
    return { status: 400 };
  if (pathOf(request.url ?? '') !== rules.path) return { status: 404 };
  if (method !== 'GET') return { status: 405, headers: { Allow: 'GET' } };
  const { origin } = headers;
  if (origin !== undefined && !rules.isOriginAllowed(origin)) return { status: 403 };
  if (headers['sec-websocket-version'] !== VERSION)
    return { status: 426, headers: { Upgrade: 'websocket', 'Sec-WebSocket-Version': VERSION } };
  const isPlain = headers.upgrade?.toLowerCase() === 'websocket';
  if (!isPlain || !KEY.test(headers['sec-websocket-key'] ?? '')) return { status: 400 };
  // A body would be taken for frames.
  if (hasBody(request)) return { status: 400 };
  return undefined;
}

/** Whether the head announces a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** The path of a request target in origin or absolute form, without its query. @see RFC 9112, section 3.2 */
function pathOf(target: string): string {
  return target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
}
