import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { callerAddresses } from './caller-address.js';

function setUp() {
  const notices: object[] = [];
  const addressOf = callerAddresses(['10.0.0.0/8'], (message, _key, fields) =>
    notices.push({ message, ...fields }),
  );
  const from = (remoteAddress: string | undefined, forwardedFor?: string) =>
    addressOf({
      socket: { remoteAddress },
      headers: forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor },
    } as unknown as IncomingMessage);
  return { notices, from };
}

it('is whom a trusted proxy names, and nothing is written down', () => {
  const { notices, from } = setUp();
  expect(from('10.0.0.1', '198.51.100.7')).toBe('198.51.100.7');
  expect(from('198.51.100.8')).toBe('198.51.100.8');
  expect(from(undefined)).toBe('none');
  expect(notices).toEqual([]);
});

// A gateway behind a proxy that nobody trusted counted a whole school as one address, and no log said so.
it('is the proxy itself when nobody has said to trust it, and who runs the gateway is told the setting', () => {
  const { notices, from } = setUp();
  expect(from('192.0.2.1', '198.51.100.7')).toBe('192.0.2.1');
  expect(notices).toEqual([
    { message: 'X-Forwarded-For not trusted', proxy: '192.0.2.1', setting: 'PARLEY_TRUST_PROXY' },
  ]);
});
