import { expect, it } from 'vitest';

import { envTable } from './env-table.js';
import { didYouMean, nearest } from './nearest.mjs';

const known = envTable.map(({ name }) => name);

it.each([
  ['PARLEY_HOSTT', 'PARLEY_HOST'],
  ['PARLEY_ORIGIN', 'PARLEY_ORIGINS'],
  ['PARLEY_JWTSECRET', 'PARLEY_JWT_SECRET'],
  ['parley_web_port', 'PARLEY_WEB_PORT'],
  ['PARLEY_CONECTIONS_PER_USER', 'PARLEY_CONNECTIONS_PER_USER'],
])('%s was meant to be %s', (typed, meant) => expect(nearest(typed, known)).toBe(meant));

it('is nobody when nothing is near, or two names are as near', () => {
  expect(nearest('PARLEY_WOMBAT_FACTORY_SETTING', known)).toBeUndefined();
  expect(nearest('ab', ['aa', 'bb'])).toBeUndefined();
  expect(nearest('x', [])).toBeUndefined();
  expect(didYouMean('x', [])).toBe('');
  expect(didYouMean('hots', ['host', 'port'])).toBe(', did you mean host?');
});
