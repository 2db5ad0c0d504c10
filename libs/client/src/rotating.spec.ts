import { describe, expect, it } from 'vitest';
import { rotating } from './rotating.js';

describe('rotating', () => {
  it('starts anywhere and then visits every address in turn', () => {
    const next = rotating(['a', 'b', 'c'], () => 0.5);
    expect([next(), next(), next(), next()]).toEqual(['b', 'c', 'a', 'b']);
  });

  it('keeps to the only address there is, and refuses to make one up', () => {
    const next = rotating(['a'], () => 0.99);
    expect([next(), next()]).toEqual(['a', 'a']);
    expect(rotating([])).toThrow(RangeError);
  });
});
