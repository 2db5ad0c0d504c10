import dns from 'node:dns/promises';
import net from 'node:net';
import os from 'node:os';

/**
 * Interfaces between this machine and what runs in it (containers, virtual machines): no other machine reaches them.
 * By the names that Linux, macOS and Windows give them.
 */
const insideOnly =
  /^(docker|br-|veth(?!ernet)|virbr|vmnet|vboxnet|lxc|lxd|podman|cni|flannel|cali|bridge\d|anpi|VirtualBox|VMware|vEthernet \((Default Switch|WSL))/i;
/** Reached by those in the same tunnel alone. */
const tunnel = /^(tun|tap|utun|wg|tailscale|ppp|zt|ipsec|nordlynx|proton)/i;
const lookUpMs = 500;

/**
 * @typedef {object} NetworkAddress
 * @property {string} host as it stands in an address: IPv6 in brackets.
 * @property {string} via the interface's name.
 * @property {boolean} isTunnel
 */

/** @param {string} address @param {number} family */
const inUrl = (address, family) => (family === 6 ? `[${address}]` : address);

/**
 * The addresses at which other machines may find this one, those to try first in front: IPv4 is shorter to type, and a
 * tunnel has its own few people. Without IPv6 addresses of one link (browsers take no zones), and without those of
 * containers unless there is nothing else.
 *
 * @param {NodeJS.Dict<os.NetworkInterfaceInfo[]>} [interfaces]
 * @returns {NetworkAddress[]}
 */
export function networkAddresses(interfaces = os.networkInterfaces()) {
  const all = Object.entries(interfaces)
    .flatMap(([via, entries = []]) => entries.map((entry) => ({ via, ...entry })))
    .filter(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address));
  const outside = all.filter(({ via }) => !insideOnly.test(via));
  return (outside.length > 0 ? outside : all)
    .map(({ via, address }) => {
      const family = net.isIP(address);
      const isTunnel = tunnel.test(via);
      // 169.254 is what a machine gives itself when nobody gave it an address.
      const rank = (isTunnel ? 4 : 0) + (address.startsWith('169.254.') ? 2 : 0) + (family === 6 ? 1 : 0);
      return { host: inUrl(address, family), via, isTunnel, rank };
    })
    .sort((a, b) => a.rank - b.rank)
    .map(({ rank: _, ...address }) => address);
}

/**
 * This machine's name on its network, when the network knows it: it stays when the address changes.
 *
 * @param {readonly NetworkAddress[]} addresses
 * @param {string} [name]
 * @returns {Promise<string | undefined>} `<name>.local`; undefined when it does not lead here within half a second.
 * @see RFC 6762
 */
export async function localName(addresses, name = os.hostname()) {
  const host = `${name.split('.')[0]?.toLowerCase()}.local`;
  const late = new Promise((resolve) => setTimeout(resolve, lookUpMs, []).unref());
  const found = /** @type {import('node:dns').LookupAddress[]} */ (
    await Promise.race([dns.lookup(host, { all: true }).catch(() => []), late])
  );
  const own = new Set(addresses.map((address) => address.host));
  return found.some(({ address, family }) => own.has(inUrl(address, family))) ? host : undefined;
}

/** @param {string} host of a setting or an address. */
export function isLoopback(host) {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return bare === 'localhost' || bare.endsWith('.localhost') || bare === '::1' || /^127\./.test(bare);
}

/** @param {string} host @returns {boolean} whether it means every address of this machine. */
export const isAnyAddress = (host) => host === '0.0.0.0' || host === '::';

/** @param {string} host address or name to listen on. @returns {string} as it stands in an address. */
export const hostInUrl = (host) => inUrl(host, net.isIP(host));
