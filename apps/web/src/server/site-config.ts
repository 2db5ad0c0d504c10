import { demoAccounts, isLoopbackHost, isLoopbackOrigin, type AppConfig } from '@parley/config';

/** The part of the config that decides where browsers find the other apps. */
export type SiteSettings = Pick<
  AppConfig<'web'>,
  'env' | 'tls' | 'public' | 'apiPort' | 'wsPorts' | 'wsPath' | 'demoAccounts'
>;

/** Where the other apps are. The page fills in nulls from its own address, see src/app/site/endpoints.ts. */
export interface SiteAddresses {
  readonly apiUrl: string | null;
  readonly wsUrls: readonly string[] | null;
  readonly apiPort: number;
  readonly wsPorts: readonly number[];
  readonly wsPath: string;
}

/** The host name of a `Host` header without its port; undefined when there is none, or it is odd. */
export function hostName(hostHeader: string | undefined): string | undefined {
  const name = hostHeader?.replace(/:\d{1,5}$/, '');
  return name !== undefined && hostPattern.test(name) ? name : undefined;
}

/** A name, an IPv4 address, or an IPv6 address in brackets. Nothing that could end a directive of a policy. */
const hostPattern = /^([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])$/i;

/**
 * Several gateway addresses: the page starts at a random one and moves on when one fails.
 *
 * Where this server has a certificate, the others have it, too: then the addresses are said in full, since a page that came over TLS
 * takes an address that it made up itself for a guess.
 *
 * @param hostHeader - By which the page was asked for.
 */
export function siteAddresses(settings: SiteSettings, hostHeader: string | undefined): SiteAddresses {
  const { tls, apiPort, wsPorts, wsPath } = settings;
  const { apiUrl, wsUrls = [] } = settings.public;
  const host = tls && hostName(hostHeader);
  const own = (scheme: string, port: number) => (host ? `${scheme}://${host}:${port}` : undefined);
  const ownWs = host ? wsPorts.map((port) => `${own('wss', port)}${wsPath}`) : null;
  return {
    apiUrl: apiUrl ?? own('https', apiPort) ?? null,
    wsUrls: wsUrls.length > 0 ? wsUrls : ownWs,
    apiPort,
    wsPorts,
    wsPath,
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
    ...siteAddresses(settings, hostHeader),
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
