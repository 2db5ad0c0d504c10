/** Which browser origins may call: every loopback origin, or exactly those listed (`*` for all, in dev only). */
export type Origins = 'loopback' | readonly string[];

/** True for `localhost`, `*.localhost`, `127.0.0.0/8` and `::1`, at any port. */
export function isLoopbackOrigin(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { hostname, protocol } = new URL(origin);
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    // The URL parser has already turned every spelling of an IPv4 address into four decimal parts.
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  );
}

/**
 * Whether a browser page from `origin` may call.
 *
 * @param origin - The `Origin` header. A missing header is no browser page and is for the caller to decide.
 */
export function isOriginAllowed(origins: Origins, origin: string): boolean {
  if (origins === 'loopback') return isLoopbackOrigin(origin);
  return origins.includes('*') || origins.includes(origin);
}
