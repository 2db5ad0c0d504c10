import type { InlineHashes } from './inline-hashes.js';
import { siteAddresses, type SiteSettings } from './site-config.js';

/** A host that may stand in a policy: a name or an IPv4 address. Nothing that could end a directive. */
const plainHost = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i;

/** The host name of a `Host` header without its port; undefined when there is none, or it is odd. */
function hostName(hostHeader: string | undefined): string | undefined {
  const name = hostHeader?.replace(/:\d{1,5}$/, '');
  return name !== undefined && plainHost.test(name) ? name : undefined;
}

/**
 * What the page may connect to, as CSP source expressions: the same addresses that it works out for itself.
 * A source with `http:` also allows `https:`, and `ws:` also `wss:` (CSP 3, section 6.7.2.8).
 */
export function connectSources(settings: SiteSettings, hostHeader: string | undefined): string[] {
  const { apiUrl, wsUrls, apiPort, wsPorts } = siteAddresses(settings);
  const host = hostName(hostHeader);
  // CSP has no way to name an IPv6 address: then only the scheme can be said.
  const api = apiUrl === null ? (host ? `http://${host}:${apiPort}` : 'http:') : new URL(apiUrl).origin;
  const ws =
    wsUrls === null
      ? wsPorts.map((port) => (host ? `ws://${host}:${port}` : 'ws:'))
      : wsUrls.map((url) => new URL(url).origin);
  return [...new Set(["'self'", api, ...ws])];
}

/** Headers of every answer. Strict: nothing inline but what the page was built with, nothing from elsewhere, no framing. */
export function securityHeaders(
  settings: SiteSettings,
  hostHeader: string | undefined,
  inline: InlineHashes,
): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    ["script-src 'self'", ...inline.scripts].join(' '),
    ["style-src 'self'", ...inline.styles].join(' '),
    "img-src 'self' data:",
    "manifest-src 'self'",
    `connect-src ${connectSources(settings, hostHeader).join(' ')}`,
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
  };
}
