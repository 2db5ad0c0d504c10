import { JwtService } from '@nestjs/jwt';
import { expect, it } from 'vitest';
import { hashOfNetwork, hashOfToken, networkOf, newInviteToken } from './secrets.js';

it.each([
  ['192.0.2.77', '192.0.2.0/24'],
  ['2001:db8:1:2ff::/64', '2001:db8:1:200::/56'],
  ['2001:db8:1:3ff::/64', '2001:db8:1:300::/56'],
  ['2001:db8:0:0::/64', '2001:db8:0:0::/56'],
  ['none', 'none'],
])('%s is in %s', (key, network) => expect(networkOf(key)).toBe(network));

it('a network is kept as what only who has the key can find', () => {
  const [one, another] = ['a', 'b'].map((secret) => new JwtService({ secret }));
  expect(hashOfNetwork(one!, '192.0.2.1')).toBe(hashOfNetwork(one!, '192.0.2.9'));
  expect(hashOfNetwork(one!, '192.0.2.1')).not.toBe(hashOfNetwork(one!, '192.0.3.1'));
  expect(hashOfNetwork(one!, '192.0.2.1')).not.toBe(hashOfNetwork(another!, '192.0.2.1'));
});

it('secrets are new each time, and their hashes do not show them', () => {
  const tokens = new Set(Array.from({ length: 100 }, newInviteToken));
  expect(tokens.size).toBe(100);
  for (const token of tokens) {
    expect(token).toMatch(/^[\w-]{32}$/);
    expect(hashOfToken(token)).toMatch(/^[\da-f]{64}$/);
  }
});
