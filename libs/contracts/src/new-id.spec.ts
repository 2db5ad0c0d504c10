import { validate, version } from 'uuid';
import { describe, expect, it, vi } from 'vitest';
import { newId } from './new-id.js';

describe('newId', () => {
  it('is a UUID of version 7, and never the same', () => {
    const ids = Array.from({ length: 1_000 }, newId);
    for (const id of ids) expect([id, validate(id) && version(id)]).toEqual([id, 7]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  // A log of two things done in one millisecond was read in either order.
  it('is larger than those before it, also of one millisecond', () => {
    vi.useFakeTimers({ now: 1_764_150_000_123 });
    const ids = Array.from({ length: 4_096 }, newId);
    expect(ids).toEqual(ids.toSorted());
    vi.useRealTimers();
  });

  it.each([0, 1, 0xffff, 1_764_150_000_123, 2 ** 48 - 1])('says that it was made at %i', (ms) => {
    vi.useFakeTimers({ now: ms });
    expect(Number.parseInt(newId().replaceAll('-', '').slice(0, 12), 16)).toBe(ms);
    vi.useRealTimers();
  });
});
