import { z } from 'zod';

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
