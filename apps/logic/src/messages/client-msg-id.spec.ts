import { v4 as uuidv4, v7 as uuidv7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { recentIdTimeMs } from './client-msg-id.js';

const NOW = 1_750_000_000_000;
const at = (msecs: number) => uuidv7({ msecs });

describe('recentIdTimeMs', () => {
  it('reads the time of a recent UUIDv7, in either case', () => {
    expect(recentIdTimeMs(at(NOW), NOW)).toBe(NOW);
    expect(recentIdTimeMs(at(NOW - 1_234).toUpperCase(), NOW)).toBe(NOW - 1_234);
  });

  it.each([
    [NOW - 299_999, true],
    [NOW - 300_000, false],
    [NOW + 119_999, true],
    [NOW + 120_000, false],
    [0, false],
  ])('knows both bounds of recent: %d', (madeAt, isRecent) => {
    expect(recentIdTimeMs(at(madeAt), NOW)).toBe(isRecent ? madeAt : undefined);
  });

  it.each(['', 'hello', uuidv4(), at(NOW).replaceAll('-', ''), `${at(NOW)}0`, `x${at(NOW)}`])(
    'answers undefined for what is no UUIDv7: %s',
    (id) => expect(recentIdTimeMs(id, NOW)).toBeUndefined(),
  );
});
