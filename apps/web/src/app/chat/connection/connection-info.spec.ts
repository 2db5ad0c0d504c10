import { expect, it } from 'vitest';
import { connectionInfo } from './connection-info.js';

it.each([
  ['online', undefined, true, { status: 'online' }],
  ['online', undefined, false, { status: 'online' }],
  ['idle', undefined, true, { status: 'connecting' }],
  ['connecting', undefined, false, { status: 'offline' }],
  ['reconnecting', undefined, true, { status: 'reconnecting' }],
  ['reconnecting', 1_700, true, { status: 'reconnecting', retryAtMs: 1_700 }],
  ['reconnecting', 1_700, false, { status: 'offline' }],
  ['closed', undefined, true, { status: 'offline' }],
] as const)('%s, next attempt at %s, device online: %s', (state, retryAtMs, isOnline, expected) => {
  expect(connectionInfo(state, retryAtMs, isOnline)).toEqual(expected);
});
