import { isLoopbackHost, type AppConfig } from '@parley/config';

/** The part of the config that decides where browsers find the other apps. */
export type SiteSettings = Pick<AppConfig<'web'>, 'public' | 'apiPort' | 'wsPorts' | 'wsPath'>;

/** Body of `GET /config.json`. The page fills in nulls from its own address, see src/app/site/endpoints.ts. */
export interface SiteConfigBody {
  readonly apiUrl: string | null;
  readonly wsUrls: readonly string[] | null;
  readonly apiPort: number;
  readonly wsPorts: readonly number[];
  readonly wsPath: string;
}

/** What the page is told. Several gateway addresses: it starts at a random one and moves on when one fails. */
export function siteConfigBody(settings: SiteSettings): SiteConfigBody {
  const { apiUrl, wsUrls } = settings.public;
  return {
    apiUrl: apiUrl ?? null,
    wsUrls: wsUrls && wsUrls.length > 0 ? wsUrls : null,
    apiPort: settings.apiPort,
    wsPorts: settings.wsPorts,
    wsPath: settings.wsPath,
  };
}

/**
 * The setting that sends browsers at other machines to their own one, when the site is meant for more than this machine.
 *
 * @param host - Where the site listens.
 */
export function misleadingSetting(
  { public: { apiUrl, wsUrls = [] } }: SiteSettings,
  host: string,
): string | undefined {
  const isHere = (url: string) => isLoopbackHost(new URL(url).hostname.replace(/^\[(.*)\]$/, '$1'));
  if (isLoopbackHost(host)) return undefined;
  if (apiUrl !== undefined && isHere(apiUrl)) return 'PARLEY_PUBLIC_API_URL';
  return wsUrls.some(isHere) ? 'PARLEY_PUBLIC_WS_URLS' : undefined;
}
