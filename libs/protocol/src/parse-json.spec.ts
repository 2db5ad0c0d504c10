import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzSeed } from '@parley/testing';
import { parseJson } from './parse-json.js';

const ref = (literal: string) => (parseJson(`{"op":28,"ref":${literal}}`) as { ref: unknown }).ref;

describe('parseJson', () => {
  it.each(['0', '1', '-7', '9007199254740991', '1.5', '-0.1', '1e21', '1700000000.123456', '5e-324'])(
    '%s is itself',
    (literal) => expect(ref(literal)).toBe(Number(literal)),
  );
  it.each([
    ['1.0', 1],
    ['1e3', 1_000],
    ['0.10', 0.1],
    ['100.0E-2', 1],
    ['0.0', 0],
    ['9007199254740992', 2 ** 53],
    ['10000000000000000000000', 1e22],
  ])('%s is the same number otherwise written', (literal, value) => expect(ref(literal)).toBe(value));

  // 12345678901234567890 came back as 12345678901234567000, and 1e400 as null.
  it.each([
    '12345678901234567890',
    '9007199254740993',
    '9007199254740991.4',
    '-9007199254740993',
    '1e400',
    '-1e400',
    '1e-400',
    '-0',
    '-0.0',
    '1.00000000000000000001',
    '0.1000000000000000055511151231257827',
  ])('%s is NaN, wherever it stands', (literal) => {
    expect(ref(literal)).toBeNaN();
    for (const json of [
      `{"ref":${literal}}`,
      `{"ref" : \n ${literal} , "op":1}`,
      `{"\\u0072ef":${literal}}`,
      `{"x":{"ref":1},"y":[{"ref":2},"}"],"z":"\\"}{","ref":${literal}}`,
      `{"ref":1,"ref":${literal}}`,
    ])
      expect((parseJson(json) as { ref: unknown }).ref, json).toBeNaN();
  });

  it('leaves alone what is inside, what is repeated since, and what is text', () => {
    const big = '12345678901234567890';
    expect(parseJson(`{"a":{"ref":${big}},"b":[${big}],"c":":${big}","ref":${big},"ref":3}`)).toEqual({
      a: { ref: Number(big) },
      b: [Number(big)],
      c: `:${big}`,
      ref: 3,
    });
    expect(parseJson(big)).toBe(Number(big));
  });

  it('pollutes nothing, and stands any depth', () => {
    const value = parseJson('{"__proto__":1e400,"constructor":{"prototype":{"x":1}}}') as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as { x?: number }).x).toBeUndefined();
    const deep = 30_000;
    expect(() => parseJson(`{"ref":1.5,"a":${'['.repeat(deep)}${']'.repeat(deep)}}`)).not.toThrow();
    expect(() => parseJson('['.repeat(deep))).toThrow(SyntaxError);
  });

  it('is JSON.parse for everything that JavaScript wrote', () => {
    const objects = fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false }));
    fc.assert(
      fc.property(objects, (object) => {
        const json = JSON.stringify(object);
        expect(parseJson(json)).toEqual(JSON.parse(json));
      }),
      { numRuns: 2_000, seed: fuzzSeed() },
    );
  });
});
