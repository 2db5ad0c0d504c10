import { demoAccounts, isLoopbackHost, isLoopbackOrigin, type AppConfig } from '@parley/config';

/** The part of the config that decides where browsers find the other apps. */
export type SiteSettings = Pick<
  AppConfig<'web'>,
  'public' | 'apiPort' | 'wsPorts' | 'wsPath' | 'demoAccounts'
>;

/** Where the other apps are. The page fills in nulls from its own address, see src/app/site/endpoints.ts. */
export interface SiteAddresses {
  readonly apiUrl: string | null;
  readonly wsUrls: readonly string[] | null;
  readonly apiPort: number;
  readonly wsPorts: readonly number[];
  readonly wsPath: string;
}

/** Several gateway addresses: the page starts at a random one and moves on when one fails. */
export function siteAddresses(settings: SiteSettings): SiteAddresses {
  const { apiUrl, wsUrls } = settings.public;
  return {
    apiUrl: apiUrl ?? null,
    wsUrls: wsUrls && wsUrls.length > 0 ? wsUrls : null,
    apiPort: settings.apiPort,
    wsPorts: settings.wsPorts,
    wsPath: settings.wsPath,
  };
}

/** Body of `GET /config.json`. */
export interface SiteConfigBody extends SiteAddresses {
  /** Accounts that anybody may take; null where each is to have a name of their own. */
  readonly demo: { readonly userNames: readonly string[]; readonly password: string } | null;
}

/**
 * What the page is told. The demo accounts are offered to whoever tries Parley out on the very machine that it runs on, not
 * to a class on its network.
 *
 * @param hostHeader - By which the page was asked for.
 */
export function siteConfigBody(settings: SiteSettings, hostHeader: string | undefined): SiteConfigBody {
  const isOffered = settings.demoAccounts && isLoopbackOrigin(`http://${hostHeader}`);
  const { ids, password } = demoAccounts;
  return {
    ...siteAddresses(settings),
    demo: isOffered ? { userNames: Object.keys(ids), password } : null,
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
