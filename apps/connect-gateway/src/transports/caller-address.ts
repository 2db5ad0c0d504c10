import { addressKey } from '@parley/config';
import type { NoticeLog } from '@parley/observability';
import { clientAddress, noticeProxy, trustedProxies } from '@parley/service-host';
import type { IncomingMessage } from 'node:http';

/** Injection token of {@link CallerAddressOf}. */
export const CALLER_ADDRESS = Symbol('CALLER_ADDRESS');

/** What connections of the caller of an upgrade are counted under. */
export type CallerAddressOf = (request: IncomingMessage) => string;

/**
 * Makes a {@link CallerAddressOf} that believes trusted proxies alone, and writes down the others: all who come through
 * one of those are a single caller.
 *
 * @param networks - The setting `trustProxy`.
 */
export function callerAddresses(networks: readonly string[], notice: NoticeLog): CallerAddressOf {
  const trusted = trustedProxies(networks);
  return ({ socket: { remoteAddress }, headers }) => {
    const forwardedFor = headers['x-forwarded-for'];
    if (forwardedFor !== undefined) noticeProxy(remoteAddress, trusted, notice);
    return addressKey(clientAddress(remoteAddress, forwardedFor, trusted));
  };
}
