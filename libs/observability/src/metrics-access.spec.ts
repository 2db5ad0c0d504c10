import { describe, expect, it } from 'vitest';
import { mayReadMetrics } from './metrics-access.js';

const request = (remoteAddress: string | undefined, headers: Record<string, string> = {}) =>
  ({ raw: { headers, socket: { remoteAddress } } }) as never;
const token = 'a-token-of-the-tests';

describe('mayReadMetrics', () => {
  it('lets in who shows the token, from anywhere', () => {
    const may = (authorization: string) =>
      mayReadMetrics({ token, loopback: false }, request('203.0.113.9', { authorization, via: 'x' }));
    expect([`Bearer ${token}`, `bearer  ${token}`].map(may)).toEqual([true, true]);
    expect(
      ['', token, 'Bearer ', `Bearer ${token}x`, `Basic ${token}`, 'Bearer undefined'].map(may),
    ).not.toContain(true);
    expect(
      mayReadMetrics({ loopback: false }, request('127.0.0.1', { authorization: 'Bearer undefined' })),
    ).toBe(false);
  });

  it.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])('lets in %s where it may', (address) => {
    expect(mayReadMetrics({ loopback: true }, request(address))).toBe(true);
    expect(mayReadMetrics({ token, loopback: true }, request(address))).toBe(true);
    expect(mayReadMetrics({ loopback: false }, request(address))).toBe(false);
    for (const name of [
      'x-forwarded-for',
      'x-real-ip',
      'forwarded',
      'via',
      'x-forwarded-proto',
      'x-forwarded-host',
    ])
      expect(mayReadMetrics({ loopback: true }, request(address, { [name]: '' })), name).toBe(false);
  });

  it.each(['10.0.0.1', '::ffff:10.0.0.1', '2001:db8::1', '128.0.0.1', '', undefined])(
    'keeps %s out',
    (address) => expect(mayReadMetrics({ loopback: true }, request(address))).toBe(false),
  );
});
