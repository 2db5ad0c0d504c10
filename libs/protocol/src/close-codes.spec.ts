import { describe, expect, it } from 'vitest';
import { CloseCode, mayReconnect } from './close-codes.js';

describe('mayReconnect', () => {
  it.each([
    [1000, true],
    [1001, true],
    [1002, false],
    [1003, false],
    [1006, true],
    [1007, false],
    [1008, false],
    [1009, false],
    [1011, true],
    [4000, true],
    [4499, true],
    [4500, false],
    [4999, false],
    [5000, true],
  ])('%i: %s', (code, reconnect) => expect(mayReconnect(code)).toBe(reconnect));

  it('follows the range for every code of ours', () => {
    for (const code of Object.values(CloseCode)) expect(mayReconnect(code)).toBe(code < 4500);
    expect(new Set(Object.values(CloseCode)).size).toBe(Object.keys(CloseCode).length);
  });
});
