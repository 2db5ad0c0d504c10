import { expect, it } from 'vitest';
import { readableAddress } from './readable-address.js';

it.each(['/', '/rooms/1?x=%', '/rooms/%E4%B8%AD', '/a%00b', '/100%25', '*'])('leaves %s as it is', (url) => {
  expect(readableAddress(url)).toBe(url);
});

it.each(['/%', '/rooms/1%', '/%E0%A4%A', '/%zz?x=1'])('leads %s nowhere', (url) => {
  expect(readableAddress(url)).toBe('/unreadable-address');
});
