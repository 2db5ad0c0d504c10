import { describe, expect, it } from 'vitest';
import { clientAddress, trustedProxies } from './client-address.js';

const proxies = trustedProxies(['10.0.0.0/8', '2001:db8:ffff::/48']);
const from = (socket: string | undefined, header?: string | string[]) =>
  clientAddress(socket, header, proxies);

describe('clientAddress', () => {
  // The left-most entry counted once: every caller chose an address of its own, and escaped every limit per address.
  it('is never one that the caller chose', () => {
    expect(from('10.0.0.1', '1.1.1.1, 203.0.113.9')).toBe('203.0.113.9');
    expect(from('10.0.0.1', '1.1.1.1, 203.0.113.9, 10.0.0.2')).toBe('203.0.113.9');
    expect(from('10.0.0.1', '10.0.0.3, 203.0.113.9')).toBe('203.0.113.9');
    expect(from('203.0.113.9', '1.1.1.1')).toBe('203.0.113.9');
    expect(from('10.0.0.1', ['1.1.1.1', '203.0.113.9, 10.0.0.2'])).toBe('203.0.113.9');
    expect(clientAddress('10.0.0.1', '1.1.1.1', trustedProxies([]))).toBe('10.0.0.1');
  });

  it.each([
    ['203.0.113.9:4711', '203.0.113.9'],
    ['[2001:db8::9]:4711', '2001:db8::9'],
    ['[2001:db8::9]', '2001:db8::9'],
    ['"[2001:db8::9]:4711"', '2001:db8::9'],
    ['2001:DB8:0::9', '2001:db8::9'],
    ['fe80::9%eth0', 'fe80::9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['203.0.113.9,,  ,', '203.0.113.9'],
    ['203.0.113.9:4711, [::ffff:10.0.0.2]:80', '203.0.113.9'],
    ['203.0.113.9, [2001:db8:ffff::1]:80', '203.0.113.9'],
  ])('%s is %s', (header, address) => expect(from('10.0.0.1', header)).toBe(address));

  it.each([
    'unknown',
    '1.1.1.1, unknown',
    '_hidden',
    '1.2.3',
    '0x7f.1',
    '1.1.1.1:x',
    '[::1',
    '::1]:80',
    '<script>',
    '1.1.1.1 2.2.2.2',
    '999.1.1.1',
    '1.1.1.1;2.2.2.2',
    '',
    ' , ',
  ])('behind %j the proxy is all that is known', (header) =>
    expect(from('10.0.0.1', header)).toBe('10.0.0.1'),
  );

  it('is nobody when the socket has gone', () => expect(from(undefined, '1.1.1.1')).toBeUndefined());

  it('takes a proxy over IPv4 for what it is on a socket for both', () =>
    expect(from('::ffff:10.0.0.1', '203.0.113.9')).toBe('203.0.113.9'));
});
