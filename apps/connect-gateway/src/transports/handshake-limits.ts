import { addressKey, parseAddress } from '@parley/config';
import type { HandshakeLimits } from '@parley/observability';
import { trustedProxies } from '@parley/service-host';
import type { ConnectionIndex } from '../connections/connection-index.js';
import type { GatewayConfig } from '../gateway-config.js';

/** Injection token of the gateway's `HandshakeLimits`. */
export const HANDSHAKE_LIMITS = Symbol('HANDSHAKE_LIMITS');

/** What proxies count as: their callers are told apart when they have spoken. */
const PROXY = 'proxy';

/**
 * Who shakes hands counts as a connection of its address without a log-in, which it is about to be.
 *
 * @param networks - The setting `trustProxy`: from there all come through one address.
 */
export function handshakeLimits(
  config: Pick<GatewayConfig, 'maxConnections' | 'connectionsPerAddress'>,
  connections: Pick<ConnectionIndex, 'size' | 'strangersFrom'>,
  networks: readonly string[],
): HandshakeLimits {
  const trusted = trustedProxies(networks);
  return {
    mayBegin: ({ ofCaller, all }, caller) =>
      connections.size + all < config.maxConnections &&
      (caller === PROXY || connections.strangersFrom(caller) + ofCaller < config.connectionsPerAddress),
    callerOf: (text) => {
      const address = parseAddress(text ?? '');
      return address && trusted(address) ? PROXY : addressKey(text);
    },
  };
}
