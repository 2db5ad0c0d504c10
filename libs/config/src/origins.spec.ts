import { hostname, networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';

import { isLoopbackOrigin, isOriginAllowed, whyKeptOut } from './origins.js';

it.each([
  'http://localhost',
  'http://localhost:8080',
  'https://127.0.0.1:1',
  'http://127.1.2.3',
  'http://[::1]:5173',
  'http://a.localhost',
])('takes %s for loopback', (origin) => expect(isLoopbackOrigin(origin)).toBe(true));

it.each([
  'http://localhost.evil.test',
  'http://127.0.0.1.evil.test',
  'null',
  '',
  'file://',
  'http://10.0.0.1',
  'ftp://localhost',
])('does not take %j for loopback', (origin) => expect(isLoopbackOrigin(origin)).toBe(false));

it('compares listed origins exactly', () => {
  expect(isOriginAllowed(['https://chat.test'], 'https://chat.test')).toBe(true);
  expect(isOriginAllowed(['https://chat.test'], 'https://chat.test.evil')).toBe(false);
  expect(isOriginAllowed(['https://chat.test'], 'http://chat.test')).toBe(false);
  expect(isOriginAllowed([], 'http://localhost')).toBe(false);
  expect(isOriginAllowed(['*'], 'https://anyone.test')).toBe(true);
  expect(isOriginAllowed(['loopback'], 'https://chat.test')).toBe(false);
  expect(isOriginAllowed(['loopback', 'https://chat.test'], 'https://chat.test')).toBe(true);
});

const own = Object.values(networkInterfaces())
  .flat()
  .flatMap((entry) => entry ?? [])
  .map(({ address, family }) => (family === 'IPv6' ? `[${address.replace(/%.*/, '')}]` : address));

describe('lan', () => {
  it.each([
    'http://localhost:8080',
    'http://192.168.1.9:8080',
    'http://10.1.2.3',
    'https://172.16.0.1',
    'http://169.254.7.7:8080',
    'http://100.64.0.1:8080',
    'http://[fd12:3456::1]:8080',
    'http://[fe80::1]:8080',
    'http://[::ffff:192.168.1.9]:8080',
    `http://${hostname().toLowerCase()}:8080`,
    `http://${hostname().toLowerCase().split('.')[0]}.local:8080`,
    // A school may have public addresses inside.
    ...own.map((address) => `http://${address}:8080`),
  ])('lets in %s', (origin) => expect(isOriginAllowed(['lan'], origin)).toBe(true));

  it.each([
    'http://8.8.8.8:8080',
    'http://[2001:4860:4860::8888]:8080',
    'http://172.32.0.1',
    // Whoever owns a name says what it means: this machine's address, too.
    'http://192.168.1.9.evil.test:8080',
    `http://${hostname().toLowerCase()}.evil.test`,
    'http://evil.local',
    'ws://192.168.1.9',
    'file://',
    'null',
    '',
  ])('keeps out %j', (origin) => expect(isOriginAllowed(['lan'], origin)).toBe(false));
});

describe('why people are kept out', () => {
  it('is that there are no origins, wherever the process listens', () => {
    for (const host of ['127.0.0.1', '0.0.0.0']) expect(whyKeptOut([], host)).toContain('PARLEY_ORIGINS');
  });

  it.each([[['loopback']], [['http://localhost:8080', 'loopback']]])(
    'is that %j are of this machine, though the process listens on the network',
    (origins) => {
      for (const host of ['0.0.0.0', '::', '192.168.1.9', 'chat.test'])
        expect(whyKeptOut(origins, host)).toContain('only browsers on this machine');
      for (const host of ['127.0.0.1', '::1', 'localhost']) expect(whyKeptOut(origins, host)).toBeUndefined();
    },
  );

  it.each([['lan'], ['*'], ['https://chat.test'], ['loopback', 'https://chat.test']])(
    'is nothing with %s',
    (...origins) => expect(whyKeptOut(origins, '0.0.0.0')).toBeUndefined(),
  );
});
