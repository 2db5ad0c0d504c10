/** What a browser's page knows of itself; nothing of it is there in Node.js. */
interface PageGlobals {
  readonly location?: { readonly origin: string };
  readonly navigator?: { readonly onLine?: boolean };
}

/** An answer of a server that lives, and has no secret in it. */
const PATH = '/health/live';

/**
 * Whether a server that gave no answer is there, and keeps it from this page: a browser does not tell the one from the
 * other, but it lets a page ask without reading the answer.
 *
 * @param baseUrl - Of the server, without a trailing slash.
 * @param timeoutMs - For each of up to three requests.
 * @returns False also where nothing is known: outside of browsers, and without a network.
 * @see https://fetch.spec.whatwg.org/#concept-filtered-response-opaque
 */
export async function isKeptFromThisPage(
  fetch: typeof globalThis.fetch,
  baseUrl: string,
  timeoutMs: number,
): Promise<boolean> {
  const { location, navigator } = globalThis as PageGlobals;
  if (!location || navigator?.onLine === false) return false;
  if (new URL(baseUrl, location.origin).origin === location.origin) return false;
  const answers = async (mode: 'cors' | 'no-cors'): Promise<boolean> => {
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      await fetch(baseUrl + PATH, { mode, cache: 'no-store', credentials: 'omit', signal });
      return true;
    } catch {
      return false;
    }
  };
  // The last one: it might just have started, or stopped.
  return (await answers('no-cors')) && !(await answers('cors')) && (await answers('no-cors'));
}
