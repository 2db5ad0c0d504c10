import { hostname, networkInterfaces } from 'node:os';

import { parseAddress } from './networks.js';

/**
 * Which browser pages may call. Each item is one origin, or a word for many: `loopback` (this machine), `lan` (this
 * machine and the network that it is in), `*` (all; in dev only). None at all keeps every browser out.
 */
export type Origins = readonly string[];

/** The words that may stand among {@link Origins}. */
export const originWords: readonly string[] = ['loopback', 'lan', '*'];

/** Addresses that only a local network can have; RFC 1918, 3927, 4193, 4291 and 6598. */
const localRanges: ReadonlySet<string> = new Set(['private', 'linkLocal', 'uniqueLocal', 'carrierGradeNat']);

/** The host name of a page's origin; undefined for pages of other kinds. */
function pageHost(origin: string): string | undefined {
  if (!URL.canParse(origin)) return undefined;
  const { hostname: host, protocol } = new URL(origin);
  return protocol === 'http:' || protocol === 'https:' ? host.replace(/^\[(.*)\]$/, '$1') : undefined;
}

/** True for `localhost`, `*.localhost`, `127.0.0.0/8` and `::1`: addresses that mean the machine itself, wherever it is read. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || parseAddress(host)?.range() === 'loopback';
}

/** True for `http` and `https` pages of a {@link isLoopbackHost loopback host}, at any port. */
export function isLoopbackOrigin(origin: string): boolean {
  const host = pageHost(origin);
  return host !== undefined && isLoopbackHost(host);
}

/**
 * True for pages of this machine and of local networks: by an address of a private range, by an address that this machine
 * has (some schools have public ones), or by this machine's own name. Not by any other name: what a name means is decided
 * elsewhere, and could be this machine one minute and an attacker's the next.
 */
export function isLanOrigin(origin: string): boolean {
  const host = pageHost(origin);
  if (host === undefined) return false;
  if (isLoopbackHost(host)) return true;
  const address = parseAddress(host);
  if (!address) return ownNames().includes(host);
  return localRanges.has(address.range()) || ownAddresses().includes(address.toNormalizedString());
}

/** With mDNS a machine is also called by its name and `.local`; RFC 6762. */
function ownNames(): string[] {
  const name = hostname().toLowerCase();
  return [name, `${name.split('.')[0]}.local`];
}

/** Read anew each time: a laptop changes networks. */
function ownAddresses(): (string | undefined)[] {
  return Object.values(networkInterfaces())
    .flat()
    .map((entry) => parseAddress(entry?.address ?? '')?.toNormalizedString());
}

/**
 * Whether a browser page from `origin` may call.
 *
 * @param origin - The `Origin` header. A missing header is no browser page and is for the caller to decide.
 */
export function isOriginAllowed(origins: Origins, origin: string): boolean {
  return origins.some((item) => {
    if (item === 'loopback') return isLoopbackOrigin(origin);
    if (item === 'lan') return isLanOrigin(origin);
    return item === '*' || item === origin;
  });
}

/**
 * Why people at other machines, or all people, are kept out by the settings alone, in a sentence for whoever runs the
 * process; undefined when nothing is known that does.
 *
 * @param host - Where the process listens. On loopback a proxy beside it may bring anybody in.
 */
export function whyKeptOut(origins: Origins, host: string): string | undefined {
  if (origins.length === 0) return 'no browser may call: PARLEY_ORIGINS lists the addresses that people open';
  const isHere = (item: string) => item === 'loopback' || isLoopbackOrigin(item);
  if (isLoopbackHost(host) || !origins.every(isHere)) return undefined;
  return 'only browsers on this machine may call: PARLEY_ORIGINS=lan lets in the network, or lists addresses';
}
