import { describe, expect, it } from 'vitest';
import { MAX_WRITE_BYTES } from '../connections/encoded-message.js';
import { GATHER_ABOVE_MS, GATHER_AT_MOST_MS, GATHER_FROM, gatherMs } from './gathering.js';

const many = { messages: GATHER_FROM, bytes: 1_000 };

describe('gathering', () => {
  it('takes as long as the write before, up to a bound', () => {
    expect(gatherMs(GATHER_ABOVE_MS, many)).toBe(GATHER_ABOVE_MS);
    expect(gatherMs(8, { ...many, bytes: MAX_WRITE_BYTES - 1 })).toBe(8);
    expect(gatherMs(80, many)).toBe(GATHER_AT_MOST_MS);
  });

  // At fifty messages a second, a thousand members would have waited for a gathering now and then.
  it('does not put off the few that come by chance while others are written', () => {
    expect(gatherMs(8, { messages: 0, bytes: 0 })).toBe(0);
    expect(gatherMs(8, { ...many, messages: GATHER_FROM - 1 })).toBe(0);
  });

  it('does not put off what fills a write, nor what is written in no time', () => {
    expect(gatherMs(8, { ...many, bytes: MAX_WRITE_BYTES })).toBe(0);
    expect(gatherMs(GATHER_ABOVE_MS - 0.1, many)).toBe(0);
  });
});
