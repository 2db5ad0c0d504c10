import { describe, expect, it } from 'vitest';
import { MAX_WRITE_BYTES } from '../connections/encoded-message.js';
import { GATHER_ABOVE_MS, GATHER_AT_MOST_MS, gatherMs } from './gathering.js';

describe('gathering', () => {
  it('takes as long as the write before, up to a bound', () => {
    expect(gatherMs(GATHER_ABOVE_MS, 1)).toBe(GATHER_ABOVE_MS);
    expect(gatherMs(8, MAX_WRITE_BYTES - 1)).toBe(8);
    expect(gatherMs(80, 1)).toBe(GATHER_AT_MOST_MS);
  });

  it('does not put off what comes when everybody has the last message', () => {
    expect(gatherMs(8, 0)).toBe(0);
  });

  it('does not put off what fills a write, nor what is written in no time', () => {
    expect(gatherMs(8, MAX_WRITE_BYTES)).toBe(0);
    expect(gatherMs(GATHER_ABOVE_MS - 0.1, 1_000)).toBe(0);
  });
});
