import { z } from 'zod';
import { demoAccountsSchema } from '../account/demo-accounts.js';

/** What `GET /config.json` answers: where the other apps are, decided when the server starts, never when it is built. */
export const siteConfigSchema = z.object({
  /** Address of the API; null: this page's host, at `apiPort`. */
  apiUrl: z.string().nullable(),
  /** Addresses of the gateways; null: this page's host, at each of `wsPorts`, with `wsPath`. */
  wsUrls: z.array(z.string()).min(1).nullable(),
  apiPort: z.number(),
  wsPorts: z.array(z.number()).min(1),
  /** An older server does not say it. */
  wsPath: z.string().default('/ws'),
  /** Accounts that anybody may take; null where there are none. */
  demo: demoAccountsSchema.nullable().default(null),
});
export type SiteConfig = z.infer<typeof siteConfigSchema>;

/** Where this page connects to. */
export interface Endpoints {
  readonly apiUrl: string;
  /** At least one. */
  readonly wsUrls: readonly string[];
}

/**
 * Fills in what the config leaves to the page's own address. A page that came over TLS connects over TLS.
 *
 * @param page - `window.location`, or its parts.
 */
export function resolveEndpoints(
  config: SiteConfig,
  page: { readonly protocol: string; readonly hostname: string },
): Endpoints {
  const secure = page.protocol === 'https:' ? 's' : '';
  return {
    apiUrl: config.apiUrl ?? `http${secure}://${page.hostname}:${config.apiPort}`,
    wsUrls:
      config.wsUrls ?? config.wsPorts.map((port) => `ws${secure}://${page.hostname}:${port}${config.wsPath}`),
  };
}

/**
 * Whether the page makes up an address that was meant for somebody without TLS: what ends TLS in front of the site need not do so
 * at the port of the API.
 */
export function isGuess(config: SiteConfig, page: { readonly protocol: string }): boolean {
  return config.apiUrl === null && page.protocol === 'https:';
}

/** An address that this page may not call, and the setting that it is from. */
export interface RefusedAddress {
  readonly address: string;
  readonly setting: 'PARLEY_PUBLIC_API_URL' | 'PARLEY_PUBLIC_WS_URLS';
}

/**
 * An address without TLS, but for those that mean the device itself: browsers trust what never leaves it.
 *
 * @see https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy
 */
const plain = /^(http|ws):\/\/(?!(localhost|[^/:]+\.localhost|127(\.\d+){3}|\[::1\])([:/?#]|$))/i;

/**
 * What a page that came over TLS would call without: browsers refuse that ("mixed content"), and tell the page nothing.
 * Undefined when there is nothing like it.
 *
 * @param page - `window.location`, or its protocol.
 */
export function refusedAddress(
  { apiUrl, wsUrls }: Endpoints,
  page: { readonly protocol: string },
): RefusedAddress | undefined {
  if (page.protocol !== 'https:') return undefined;
  if (plain.test(apiUrl)) return { address: apiUrl, setting: 'PARLEY_PUBLIC_API_URL' };
  const address = wsUrls.find((url) => plain.test(url));
  return address === undefined ? undefined : { address, setting: 'PARLEY_PUBLIC_WS_URLS' };
}
