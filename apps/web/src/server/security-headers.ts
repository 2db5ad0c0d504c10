import type { InlineHashes } from './inline-hashes.js';
import { hostName, siteAddresses, type SiteSettings } from './site-config.js';

/**
 * What the page may connect to, as CSP source expressions: the same addresses that it works out for itself.
 * A source with `http:` also allows `https:`, and `ws:` also `wss:` (CSP 3, section 6.7.2.8).
 */
export function connectSources(settings: SiteSettings, hostHeader: string | undefined): string[] {
  const { apiUrl, wsUrls, apiPort, wsPorts } = siteAddresses(settings, hostHeader);
  const name = hostName(hostHeader);
  // CSP has no way to name an IPv6 address: then only the scheme can be said.
  const host = name?.startsWith('[') ? undefined : name;
  const s = settings.tls ? 's' : '';
  const from = (scheme: string, port: number) =>
    host ? `${scheme}${s}://${host}:${port}` : `${scheme}${s}:`;
  const named = (url: string) => (/^\w+:\/\/\[/.test(url) ? new URL(url).protocol : new URL(url).origin);
  const api = apiUrl === null ? from('http', apiPort) : named(apiUrl);
  const ws = wsUrls === null ? wsPorts.map((port) => from('ws', port)) : wsUrls.map(named);
  return [...new Set(["'self'", api, ...ws])];
}

/** Half a year. Only in prod: it holds for all ports of a host, and on a developer's for other programs, too. */
const hsts = { 'strict-transport-security': 'max-age=15552000' };

/** What of a request the headers of its answer depend on. */
export interface PageRequest {
  readonly host: string | undefined;
  /** Whether it came over TLS, here or to a proxy that says so. */
  readonly isSecure: boolean;
}

/** Headers of every answer. Strict: nothing inline but what the page was built with, nothing from elsewhere, no framing. */
export function securityHeaders(
  settings: SiteSettings,
  { host, isSecure }: PageRequest,
  inline: InlineHashes,
): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    ["script-src 'self'", ...inline.scripts].join(' '),
    ["style-src 'self'", ...inline.styles].join(' '),
    "img-src 'self' data:",
    "manifest-src 'self'",
    `connect-src ${connectSources(settings, host).join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=()',
    ...(isSecure && settings.env === 'prod' && hsts),
  };
}
