import { describe, expect, it } from 'vitest';

import { addressKey, inNetworks, parseAddress, parseNetwork } from './networks.js';

describe('parseAddress', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:a00:1', '10.0.0.1'],
    ['2001:0DB8::0001', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('%s is %s', (text, address) => expect(parseAddress(text)?.toString()).toBe(address));

  it.each([
    '',
    'unknown',
    '1',
    '10.1',
    '010.0.0.1',
    '0x7f.0.0.1',
    '10.0.0.1:80',
    '[::1]',
    ' 10.0.0.1',
    '10.0.0.0/8',
  ])('%j is none', (text) => expect(parseAddress(text)).toBeUndefined());
});

describe('networks', () => {
  const has = (network: string, address: string) => {
    const [parsed, one] = [parseNetwork(network), parseAddress(address)];
    if (!parsed || !one) throw new Error('the spec has a typo');
    return inNetworks([parsed], one);
  };
  it.each([
    ['10.0.0.0/8', '10.255.0.1', '11.0.0.1'],
    ['192.168.1.7', '192.168.1.7', '192.168.1.8'],
    ['10.0.0.0/8', '::ffff:10.0.0.1', '::ffff:11.0.0.1'],
    ['::ffff:10.0.0.0/104', '10.9.9.9', '11.0.0.1'],
    ['2001:db8::/32', '2001:db8:ffff::1', '2001:db9::1'],
    ['::/8', '::1', '0.0.0.1'],
  ])('%s holds %s, not %s', (network, inside, outside) => {
    expect(has(network, inside)).toBe(true);
    expect(has(network, outside)).toBe(false);
  });

  it.each([
    '',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '::/129',
    '10.0.0.0/8/8',
    '10.0.0.0/255.0.0.0',
    '::ffff:10.0.0.0/90',
  ])('%j is none', (text) => expect(parseNetwork(text)).toBeUndefined());
});

describe('addressKey', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::ffff:a00:1', '10.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff::1', '2001:db8:1:2::/64'],
    ['2001:0DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s is %s', (address, key) => expect(addressKey(address)).toBe(key));

  it('is one and the same for all that is no address', () => {
    const keys = ['nonsense', '', undefined, '1.2.3', '10.0.0.1:80', 'unknown'].map(addressKey);
    expect(new Set(keys).size).toBe(1);
  });
});
