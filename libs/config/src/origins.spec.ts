import { expect, it } from 'vitest';

import { isLoopbackOrigin, isOriginAllowed } from './origins.js';

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
  expect(isOriginAllowed('loopback', 'https://chat.test')).toBe(false);
});
