/** Where an address leads that cannot be read: nowhere, by a route that no app has. */
const NOWHERE = '/unreadable-address';

/**
 * The address of a request, as the router is to take it. Fastify answers one with a broken escape by itself, in its own words and
 * before any hook: it is one that leads nowhere, and is answered like every other.
 *
 * @param url - Path and query, as they came.
 */
export function readableAddress(url: string): string {
  const [path = ''] = url.split('?', 1);
  return path.includes('%') && !isReadable(path) ? NOWHERE : url;
}

function isReadable(path: string): boolean {
  try {
    // What it gives is used: a bundler takes a call whose result nobody wants for one that does nothing.
    return decodeURIComponent(path) !== '';
  } catch {
    return false;
  }
}
