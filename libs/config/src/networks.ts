import ipaddr from 'ipaddr.js';
import { isIP } from 'node:net';

/** An IPv4 or IPv6 address; IPv4 written as `::ffff:a.b.c.d` is IPv4. */
export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Reads an address in its usual spelling, with or without a zone; undefined for everything else, also for the short,
 * octal and hexadecimal IPv4 forms of `inet_aton`: what one program reads so, the next does not.
 */
export function parseAddress(text: string): Address | undefined {
  return isIP(text) === 0 ? undefined : ipaddr.process(text.replace(/%.*$/, ''));
}

/** A network: those addresses that have its first `prefix` bits. */
export interface Network {
  readonly base: Address;
  readonly prefix: number;
}

/** Reads `10.0.0.0/8`, `2001:db8::/32` or one address; undefined for what is neither. */
export function parseNetwork(text: string): Network | undefined {
  const [, address = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const base = parseAddress(address);
  if (!base) return undefined;
  const bits = base.kind() === 'ipv4' ? 32 : 128;
  // A prefix of ::ffff:10.0.0.0/104 counts bits of the longer form.
  const mapped = bits === 32 && isIP(address) === 6 ? 96 : 0;
  const prefix = digits === undefined ? bits : Number(digits) - mapped;
  return prefix >= 0 && prefix <= bits ? { base, prefix } : undefined;
}

/** Whether `address` lies in one of the networks. */
export function inNetworks(networks: readonly Network[], address: Address): boolean {
  return networks.some(({ base, prefix }) => base.kind() === address.kind() && address.match(base, prefix));
}

/** What callers without an address are counted under, together. */
const NO_ADDRESS = 'none';

/**
 * What one caller is limited by: the IPv4 address, or the first 64 bits of an IPv6 address, because a single subscriber
 * is given all addresses below them (RFC 6177). All that is no address is one key: nobody can make keys up.
 */
export function addressKey(address: string | undefined): string {
  const parsed = parseAddress(address ?? '');
  if (!parsed) return NO_ADDRESS;
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const groups = (parsed as Extract<Address, { parts: number[] }>).parts;
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}
