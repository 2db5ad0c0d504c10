import { expect, it } from 'vitest';
import { parseRoute, pathOf, type Route } from './route.js';

it.each<[string, Route]>([
  ['/', { page: 'home' }],
  ['/login', { page: 'login' }],
  ['/register/', { page: 'register' }],
  ['/rooms/12', { page: 'room', roomId: 12 }],
  ['/direct/4', { page: 'direct', userId: 4 }],
  ['/join/abcdefghij_klmnopqr-', { page: 'join', invite: 'abcdefghij_klmnopqr-' }],
  ['/join/short', { page: 'unknown' }],
  ['/join/abcdefghijklmnopqrst/x', { page: 'unknown' }],
  ['/code', { page: 'code' }],
  ['/code/abc-234', { page: 'code', code: 'abc-234' }],
  ['/code/a_b', { page: 'unknown' }],
  ['/code/ABC234/x', { page: 'unknown' }],
  ['/rooms/0', { page: 'unknown' }],
  ['/rooms/1e3', { page: 'unknown' }],
  ['/rooms/99999999999999999', { page: 'unknown' }],
  ['/rooms/1/x', { page: 'unknown' }],
  ['/rooms', { page: 'unknown' }],
  ['/nothing', { page: 'unknown' }],
])('reads %s', (path, route) => {
  expect(parseRoute(path)).toEqual(route);
});

it('writes what it reads', () => {
  const paths = ['/', '/login', '/register', '/rooms/12', '/direct/4', '/code', '/code/ABC234'];
  for (const path of [...paths, '/join/abcdefghijklmnopqrst']) {
    expect(pathOf(parseRoute(path))).toBe(path);
  }
});
