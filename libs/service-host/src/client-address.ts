import { inNetworks, parseAddress, parseNetwork, type Address } from '@parley/config';
import type { NoticeLog } from '@parley/observability';

/** Whether an address is that of a proxy whose word on who called counts. */
export type TrustedProxies = (address: Address) => boolean;

/** Makes the test from the setting `trustProxy`: addresses and networks, which the config has checked. */
export function trustedProxies(networks: readonly string[]): TrustedProxies {
  const parsed = networks.map((network) => parseNetwork(network)).filter((network) => network !== undefined);
  return (address) => inNetworks(parsed, address);
}

/**
 * Who calls, as far as the trusted proxies vouch for it: each of them appends the address that it was called from, so
 * the list is read from its end, and the first address that is no trusted proxy's is the caller's. What stands before
 * it was written by the caller.
 *
 * An entry may carry a port, brackets, quotes or a zone. One that is no address (`unknown`, `_hidden`: RFC 7239, section
 * 6) hides the caller; then the proxy that wrote it is the one known.
 *
 * @param socketAddress - `remoteAddress` of the socket; undefined when it is closed already.
 * @param forwardedFor - The header `x-forwarded-for`, all of its lines.
 * @returns An address in its shortest form; undefined when the socket has none.
 */
export function clientAddress(
  socketAddress: string | undefined,
  forwardedFor: string | readonly string[] | undefined,
  trusted: TrustedProxies,
): string | undefined {
  let address = parseAddress(socketAddress ?? '');
  let rest = forwardedFor === undefined ? '' : [forwardedFor].flat().join(',');
  while (address && rest !== '' && trusted(address)) {
    const comma = rest.lastIndexOf(',');
    const entry = rest.slice(comma + 1).trim();
    rest = comma < 0 ? '' : rest.slice(0, comma);
    if (entry === '') continue;
    const next = parseAddress(withoutPort(entry));
    if (!next) break;
    address = next;
  }
  return address?.toString();
}

/**
 * Writes down a proxy that nobody has said to trust: all who come through it are one caller, and share its limits.
 * A caller who sends the header without a proxy is taken for one.
 */
export function noticeProxy(
  socketAddress: string | undefined,
  trusted: TrustedProxies,
  notice: NoticeLog,
): void {
  const address = parseAddress(socketAddress ?? '');
  if (!address || trusted(address)) return;
  const proxy = address.toString();
  notice('X-Forwarded-For not trusted', proxy, { proxy, setting: 'PARLEY_TRUST_PROXY' });
}

/** `1.2.3.4:80`, `[::1]:80`, `[::1]` and `"[::1]:80"` without what is not of the address. */
function withoutPort(entry: string): string {
  const bare = /^"(.*)"$/.exec(entry)?.[1] ?? entry;
  return /^\[([^\]]*)\](?::\d+)?$/.exec(bare)?.[1] ?? /^([^:]+):\d+$/.exec(bare)?.[1] ?? bare;
}
