import { v4 as uuidv4, v7 as uuidv7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { idTimeMs, looksForgotten } from './client-msg-id.js';

const NOW = 1_750_000_000_000;
const at = (msecs: number) => uuidv7({ msecs });

describe('idTimeMs', () => {
  it('reads the time of a UUIDv7, in either case', () => {
    expect(idTimeMs(at(NOW))).toBe(NOW);
    expect(idTimeMs(at(NOW - 1_234).toUpperCase())).toBe(NOW - 1_234);
    expect(idTimeMs(at(2 ** 48 - 1))).toBe(2 ** 48 - 1);
  });

  it.each(['', 'hello', uuidv4(), at(NOW).replaceAll('-', ''), `${at(NOW)}0`, `x${at(NOW)}`])(
    'answers 0 for what is no UUIDv7: %s',
    (id) => expect(idTimeMs(id)).toBe(0),
  );
});

describe('looksForgotten', () => {
  it.each([
    [NOW - 269_999, false],
    [NOW - 270_000, true],
    [NOW + 89_999, false],
    [NOW + 90_000, true],
    [0, true],
  ])('knows both bounds: %d', (madeAt, forgotten) => {
    expect(looksForgotten(madeAt, NOW)).toBe(forgotten);
  });
});
